"""Rendered briefs, kept by publication under KMS_HOME: a cache that can be emptied any time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kms.access.disclosure import DisclosureRule
from kms.briefs import sector as sector_brief
from kms.config import MANILA, ROOT
from kms.domain.indicators import ALL_SECTORS
from kms.errors import NoDataError
from kms.library.entries import FOLDER
from kms.reads.brief import BriefView, read_brief
from kms.reads.frame import resolve_issue
from kms.reads.request import Request
from kms.reference import REFERENCE, load_areas, load_sectors
from kms.store.engine import Store
from kms.store.publications import PUBLISHED, Issue, issues
from kms.texts import languages

# Anybody may ask for any brief of any publication: what they fill must end somewhere.
MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Brief:
    """A document, what it shows, and the name under which it is saved."""

    content: bytes | None  # None: it was only asked about
    publication_id: str
    etag: str
    file_name: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where briefs are kept, and what they are made from."""

    store: Store
    home: Path
    rule: DisclosureRule
    most_bytes: int = MOST_BYTES

    def latest(self, request: Request, *, only_about: bool = False) -> Brief:
        """Return the brief of the publication readers see now; `only_about` makes none."""
        _check(request)
        with self.store.read() as connection:
            issue = resolve_issue(connection, Request())
        return self._brief(issue, request, only_about=only_about)

    def of(self, publication_id: str, request: Request, *, only_about: bool = False) -> Brief:
        """Return the brief of one publication; raise `NoDataError` when there is none."""
        _check(request)
        with self.store.read() as connection:
            found = {issue.id: issue for issue in issues(connection) if issue.state == PUBLISHED}
        if publication_id not in found:
            raise NoDataError(
                f"there is no publication '{publication_id[:40]}'; ask for latest.pdf instead"
            )
        return self._brief(found[publication_id], request, only_about=only_about)

    def _brief(self, issue: Issue, request: Request, *, only_about: bool) -> Brief:
        name = f"{request.area}-{request.sector}-{request.language}"
        version = f"{edition()}-{self.rule.threshold}-{self.rule.base}"
        path = self.home / "briefs" / issue.id / f"{name}-{version}.pdf"
        content = _kept(path)
        if content is None:
            view = self._view(issue, request)
            if not only_about:
                content = sector_brief.render(view, request.language)
                _keep(path, content)
                _trim(self.home / "briefs", self.most_bytes)
        place = _slug(load_areas().get(request.area).short_name)
        return Brief(
            content=content,
            publication_id=issue.id,
            etag=f"{issue.id}-{name}-{version}",
            file_name=f"ligtas-{place}-{request.sector}-{issue.id}-{request.language}.pdf",
        )

    def _view(self, issue: Issue, request: Request) -> BriefView:
        with self.store.read() as connection:
            shown = resolve_issue(connection, Request())
        asked = Request(
            as_of=None if issue.id == shown.id else issue.as_of.astimezone(MANILA).date(),
            area=request.area,
            sector=request.sector,
            language=request.language,
        )
        view = read_brief(self.store, asked, self.rule)
        if view.frame.publication_id != issue.id:
            raise NoDataError(
                f"publication {issue.id} was replaced on its own day by "
                f"{view.frame.publication_id}, and this brief of it was not kept"
            )
        return view


@cache
def edition() -> str:
    """Return a name for everything but the figures: template, words, library, duties."""
    digest = hashlib.sha256()
    for path in _ingredients():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:8]


def _ingredients() -> Iterator[Path]:
    yield from sorted(Path(__file__).parent.glob("*.*"))
    # What is disclosed, too: a brief kept from before must not tell more than one made now.
    yield from sorted((ROOT / "kms" / "access").glob("*.py"))
    yield from sorted((ROOT / "kms" / "locale").glob("*.po"))
    yield from sorted(FOLDER.glob("*.md"))
    yield from (ROOT / "kms" / "wording.py", REFERENCE / "duties.csv")


def _slug(name: str) -> str:
    """Return a name in plain letters and hyphens: it travels in a header."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _check(request: Request) -> None:
    """Refuse codes that name nothing, before any of them becomes part of a path."""
    if request.area not in load_areas():
        raise NoDataError(
            f"there is no area '{request.area[:10]}'; give the 10-digit PSGC code of a region"
        )
    sections = {section.code for section in load_sectors().sections}
    if request.sector not in {*sections, ALL_SECTORS}:
        raise NoDataError(
            f"there is no sector '{request.sector[:10]}'; give a PSIC section, A to U, or ALL"
        )
    if request.language not in languages():
        raise NoDataError(
            f"there is no brief in language '{request.language[:10]}'; "
            f"choose one of: {', '.join(languages())}"
        )


def _kept(path: Path) -> bytes | None:
    """Return a kept document and note that it was used; None when there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    with contextlib.suppress(OSError):  # gone meanwhile, or on a disk that is only read
        os.utime(path)
    return content


def _keep(path: Path, content: bytes) -> None:
    """Write whole or not at all: readers may come at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)


def _trim(folder: Path, most_bytes: int) -> None:
    """Remove what was used longest ago until the rest fits; other processes may do so, too."""
    found = []
    for path in folder.glob("*/*"):
        with contextlib.suppress(FileNotFoundError):
            stat = path.stat()
            found.append((stat.st_mtime_ns, stat.st_size, path))
    beyond = sum(size for _, size, _ in found) - most_bytes
    for _, size, path in sorted(found):
        if beyond <= 0:
            return
        path.unlink(missing_ok=True)
        beyond -= size
