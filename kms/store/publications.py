"""Publications: made aside, switched in one short transaction, read whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select, update

from kms.domain.series import Series, decode, encode, fingerprint, reading_at
from kms.errors import NoDataError
from kms.store.engine import Store
from kms.store.fences import insist
from kms.store.tables import (
    CurrentPublication,
    EstimateBlob,
    EstimateSeries,
    LatestValue,
    Publication,
)

DRAFT, PUBLISHED, ROLLED_BACK = "draft", "published", "rolled_back"
_CHUNK = 500


@dataclass(frozen=True)
class Entry:
    """One series of a publication, with the row that ranks it."""

    indicator: str
    area: str
    sector: str
    series: Series
    cases: int | None = None  # exact count behind the newest value
    disease: str = ""  # none for what is told of workplaces


@dataclass(frozen=True)
class Issue:
    """One publication as readers know it."""

    id: str
    as_of: datetime
    published_at: datetime
    inputs_hash: str
    state: str
    facts: Mapping[str, Any]

    @property
    def disease(self) -> str:
        """The disease whose R and cases every page shows."""
        return str(self.facts["disease"])


def write_draft(store: Store, issue: Issue, entries: Sequence[Entry]) -> None:
    """Write a publication aside; nobody sees it before `switch`."""
    packed = [(entry, encode(entry.series)) for entry in entries]
    named = [(entry, content, fingerprint(content)) for entry, content in packed]
    with store.write() as connection:
        remove(connection, issue.id)
        connection.execute(insert(Publication), _issue_row(issue, DRAFT))
        _write_blobs(connection, {name: content for _, content, name in named})
        _insert(connection, EstimateSeries, (_series_row(issue, e, name) for e, _, name in named))
        _insert(connection, LatestValue, (_latest_row(issue, entry) for entry in entries))


def add_fact(store: Store, issue: Issue, name: str, value: Any) -> Issue:
    """Add a fact to a draft; what readers have seen is not changed."""
    told = replace(issue, facts={**issue.facts, name: value})
    with store.write() as connection:
        connection.execute(
            update(Publication)
            .where(Publication.id == issue.id, Publication.state == DRAFT)
            .values(facts=_text(told.facts))
        )
    return told


def remove_drafts(store: Store) -> None:
    """Take away what a process that died had written and not published."""
    with store.write() as connection:
        unfinished = select(Publication.id).where(Publication.state == DRAFT)
        for publication_id in list(connection.execute(unfinished).scalars()):
            remove(connection, publication_id)


def switch(store: Store, publication_id: str, *, current: bool, fence: int | None = None) -> None:
    """Publish a draft; with `current` it becomes what readers see.

    Raises `HeldError` when a holder with a higher `fence` has taken over.
    """
    with store.write() as connection:
        insist(connection, fence)
        connection.execute(
            update(Publication).where(Publication.id == publication_id).values(state=PUBLISHED)
        )
        if current:
            connection.execute(delete(CurrentPublication))
            connection.execute(
                insert(CurrentPublication), {"one": 1, "publication_id": publication_id}
            )


def roll_back(store: Store) -> Issue:
    """Withdraw the current publication in favour of the one before it."""
    with store.write() as connection:
        now_shown = current_issue(connection)
        earlier = [
            issue
            for issue in issues(connection)
            if issue.as_of < now_shown.as_of and issue.state == PUBLISHED
        ]
        if not earlier:
            raise NoDataError(
                f"there is no publication before {now_shown.id} to go back to; it stays"
            )
        connection.execute(
            update(Publication).where(Publication.id == now_shown.id).values(state=ROLLED_BACK)
        )
        chosen = max(earlier, key=lambda issue: issue.as_of)
        connection.execute(update(CurrentPublication).values(publication_id=chosen.id))
    return chosen


def current_issue(connection: Connection) -> Issue:
    """Return the publication readers see; raise `NoDataError` before the first one."""
    row = (
        connection.execute(
            select(Publication.__table__).join(
                CurrentPublication, CurrentPublication.publication_id == Publication.id
            )
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NoDataError("nothing has been published yet; run `kms refresh`, or `kms demo`")
    return _issue(row)


def issues(connection: Connection) -> list[Issue]:
    """Return every finished publication, newest first."""
    statement = (
        select(Publication.__table__)
        .where(Publication.state != DRAFT)
        .order_by(Publication.published_at.desc(), Publication.as_of.desc())
    )
    return [_issue(row) for row in connection.execute(statement).mappings()]


def with_inputs(
    connection: Connection, inputs_hash: str, *, state: str = PUBLISHED
) -> Issue | None:
    """Return the newest issue made from exactly these inputs."""
    statement = (
        select(Publication.__table__)
        .where(Publication.inputs_hash == inputs_hash, Publication.state == state)
        .order_by(Publication.published_at.desc(), Publication.as_of.desc())
    )
    row = connection.execute(statement).mappings().first()
    return None if row is None else _issue(row)


def published_cuts(connection: Connection) -> list[datetime]:
    """Return the cuts of which a publication stands; their facts are not read."""
    statement = select(Publication.as_of).where(Publication.state == PUBLISHED)
    return list(connection.execute(statement).scalars())


def read_series(
    connection: Connection,
    publication_id: str,
    indicator: str,
    area: str,
    *,
    sector: str = "",
    disease: str = "",
) -> Series | None:
    """Return one series of a publication."""
    content = connection.execute(
        select(EstimateBlob.content)
        .join(EstimateSeries, EstimateSeries.hash == EstimateBlob.hash)
        .where(
            EstimateSeries.publication_id == publication_id,
            EstimateSeries.disease == disease,
            EstimateSeries.indicator == indicator,
            EstimateSeries.area == area,
            EstimateSeries.sector == sector,
        )
    ).scalar_one_or_none()
    return None if content is None else decode(content)


def read_many(
    connection: Connection,
    publication_id: str,
    indicator: str,
    areas: Iterable[str],
    *,
    disease: str = "",
) -> dict[str, Series]:
    """Return one indicator's series of several areas."""
    statement = (
        select(EstimateSeries.area, EstimateBlob.content)
        .join(EstimateBlob, EstimateSeries.hash == EstimateBlob.hash)
        .where(
            EstimateSeries.publication_id == publication_id,
            EstimateSeries.disease == disease,
            EstimateSeries.indicator == indicator,
            EstimateSeries.area.in_(list(areas)),
            EstimateSeries.sector == "",
        )
    )
    return {row.area: decode(row.content) for row in connection.execute(statement)}


def latest_values(
    connection: Connection,
    publication_id: str,
    diseases: Iterable[str],
    *,
    area: str = "",
    indicator: str = "",
    without: Iterable[str] = (),
) -> list[Mapping[str, Any]]:
    """Return the newest values of a publication for some diseases, of an area or an indicator.

    `without` are indicators left out where all are asked for.
    """
    statement = select(LatestValue.__table__).where(
        LatestValue.publication_id == publication_id, LatestValue.disease.in_(list(diseases))
    )
    if area:
        statement = statement.where(LatestValue.area == area)
    if indicator:
        statement = statement.where(LatestValue.indicator == indicator)
    if left_out := list(without):
        statement = statement.where(LatestValue.indicator.not_in(left_out))
    return [dict(row) for row in connection.execute(statement).mappings()]


def remove(connection: Connection, publication_id: str) -> None:
    """Take a publication away whole, with the series nothing else shows."""
    hashes = select(EstimateSeries.hash).where(EstimateSeries.publication_id == publication_id)
    gone = list(connection.execute(hashes).scalars())
    for table in (EstimateSeries, LatestValue):
        connection.execute(delete(table).where(table.publication_id == publication_id))
    connection.execute(delete(Publication).where(Publication.id == publication_id))
    for start in range(0, len(gone), _CHUNK):
        used = exists().where(EstimateSeries.hash == EstimateBlob.hash)
        few = EstimateBlob.hash.in_(gone[start : start + _CHUNK])
        connection.execute(delete(EstimateBlob).where(few, ~used))


def _write_blobs(connection: Connection, blobs: Mapping[str, bytes]) -> None:
    names = list(blobs)
    known: set[str] = set()
    for start in range(0, len(names), _CHUNK):
        few = EstimateBlob.hash.in_(names[start : start + _CHUNK])
        known |= set(connection.execute(select(EstimateBlob.hash).where(few)).scalars())
    _insert(
        connection,
        EstimateBlob,
        ({"hash": name, "content": blobs[name]} for name in names if name not in known),
    )


def _insert(connection: Connection, table: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    if listed := list(rows):
        connection.execute(insert(table), listed)


def _issue_row(issue: Issue, state: str) -> dict[str, Any]:
    return {
        "id": issue.id,
        "as_of": issue.as_of,
        "published_at": issue.published_at,
        "inputs_hash": issue.inputs_hash,
        "state": state,
        "facts": _text(issue.facts),
    }


def _text(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, sort_keys=True)


def _series_row(issue: Issue, entry: Entry, name: str) -> dict[str, Any]:
    return {
        "publication_id": issue.id,
        "disease": entry.disease,
        "indicator": entry.indicator,
        "area": entry.area,
        "sector": entry.sector,
        "hash": name,
    }


def _latest_row(issue: Issue, entry: Entry) -> dict[str, Any]:
    series = entry.series
    place = series.last_told()
    at = len(series) - 1 if place is None else place
    row: dict[str, Any] = {
        "publication_id": issue.id,
        "disease": entry.disease,
        "indicator": entry.indicator,
        "area": entry.area,
        "sector": entry.sector,
        "ref_date": None,
        "value": None,
        "low": None,
        "high": None,
        "state": "missing",
        "completeness": None,
        "cases": entry.cases,
    }
    if at >= 0:
        row |= reading_at(series, at)
    return row


def _issue(row: Mapping[Any, Any]) -> Issue:
    return Issue(**{**row, "facts": json.loads(row["facts"])})
