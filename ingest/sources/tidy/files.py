"""Sources made from mapping files: those that come with the product, and a steward's own."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ingest.opening.parts import Format
from ingest.source import Source
from ingest.sources.tidy.checks import check_new, wrong
from ingest.sources.tidy.issues import issues_of
from ingest.sources.tidy.mapping import PERSONS, TidyMapping
from ingest.sources.tidy.mapping_file import mapping_text, parse_mapping, read_mapping
from ingest.sources.tidy.parsing import parse_mapped
from kms.errors import ConfigError
from kms.reference import REFERENCE

SHIPPED = REFERENCE / "mappings"
MADE_HERE = "the mapping"  # what messages call one that has no file yet


def source_of_mapping(mapping: TidyMapping) -> Source:
    """Make a source, with a history of its own, from a mapping."""
    form = Format(encodings=mapping.encodings, sheet=mapping.sheet, personal=mapping.personal)
    return Source(
        source_id=mapping.source_id,
        title=mapping.title,
        publisher=mapping.publisher,
        licence=mapping.licence,
        rhythm=mapping.rhythm,
        every_days=mapping.every_days,
        grace_days=mapping.grace_days,
        used_for="kept as a series of its own; no figure rests on it",
        name_ends_with=mapping.names_end_with,
        parse=partial(parse_mapped, mapping),
        rows_are_persons=mapping.rows == PERSONS,
        form=form,
        limits=mapping.limits,
        split=partial(issues_of, mapping, form) if mapping.issue_column else None,
    )


def mappings_in(folder: Path) -> tuple[TidyMapping, ...]:
    """Read the mappings of a folder, ordered by their file names; refuse two of one id."""
    found: dict[str, TidyMapping] = {}
    for path in sorted(folder.glob("*.toml")):
        mapping = read_mapping(path)
        if folder != SHIPPED:
            _refuse_taken(mapping, path)
        if mapping.id in found:
            raise ConfigError(
                f"{path.name}: key 'id' is {mapping.id!r}, as in another file of {folder}; "
                "histories of two data sets would mix. Rename one"
            )
        found[mapping.id] = mapping
    return tuple(found.values())


def saved_sources(folder: Path) -> tuple[Source, ...]:
    """Make the sources of a steward's mappings that are not ours already."""
    ours = {one.id for one in _OURS}
    return tuple(source_of_mapping(m) for m in mappings_in(folder) if m.id not in ours)


def save_mapping(path: Path, folder: Path) -> Source:
    """Keep a mapping for this and later files, and return its source.

    Raises `ConfigError` when it is wrong, or another one is kept under its id.
    """
    mapping = read_mapping(path)
    _refuse_taken(mapping, path)
    kept = folder / f"{mapping.id}.toml"
    if kept.exists() and read_mapping(kept) != mapping:
        raise ConfigError(
            f"{path.name}: another mapping is kept as '{mapping.id}' ({kept}); histories of two "
            "layouts would mix. Give this one another id, or remove the kept one"
        )
    if not kept.exists():
        check_new(mapping, path.name)
        folder.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(".new")
        fresh.write_text(mapping_text(mapping), encoding="utf-8")
        fresh.replace(kept)
    return source_of_mapping(mapping)


def renew_mapping(text: str, folder: Path, *, renews: str, at: datetime) -> Source:
    """Keep the text of a mapping; with `renews` in place of that one, which stays under its day.

    Raises `ConfigError` when it is wrong, has an id that is taken, or not the one it renews.
    """
    mapping = parse_mapping(text, MADE_HERE)
    check_new(mapping, MADE_HERE)
    if any(mapping.id == one.id for one in _OURS):
        raise wrong(MADE_HERE, "id", mapping.id, "a mapping of ours has it; choose another")
    kept = folder / f"{mapping.id}.toml"
    if renews and mapping.id != renews:
        raise wrong(MADE_HERE, "id", mapping.id, f"it must stay '{renews}', whose history it has")
    if not renews and kept.exists():
        raise wrong(MADE_HERE, "id", mapping.id, "it is taken; open that mapping to change it")
    folder.mkdir(parents=True, exist_ok=True)
    if kept.exists() and read_mapping(kept) != mapping:
        earlier = folder / "earlier"
        earlier.mkdir(exist_ok=True)
        shutil.copyfile(kept, earlier / f"{mapping.id}-{at.astimezone(UTC):%Y%m%dT%H%M%S%f}Z.toml")
    fresh = kept.with_suffix(".new")
    fresh.write_text(mapping_text(mapping), encoding="utf-8")
    fresh.replace(kept)
    return source_of_mapping(mapping)


def _refuse_taken(mapping: TidyMapping, path: Path) -> None:
    """Refuse the id of a mapping that comes with the product, unless it says the same."""
    if any(mapping.id == one.id and mapping != one for one in _OURS):
        raise ConfigError(
            f"{path.name}: key 'id' is {mapping.id!r}, which a mapping of ours has; histories of "
            "two data sets would mix. Choose another"
        )


_OURS = mappings_in(SHIPPED)
SOURCES = tuple(source_of_mapping(mapping) for mapping in _OURS)
