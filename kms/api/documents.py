"""Series as CSV text or plain values for JSON; the command line writes the same."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from kms.access.figures import COUNTS
from kms.access.shown import CHANCE
from kms.domain.indicators import CASES_WEEKLY
from kms.reads.series import COLUMNS, NewestValues, Point, PublishedSeries
from kms.reads.views import Frame


def about(frame: Frame) -> dict[str, Any]:
    """Return what every answer says of the publication it comes from."""
    return {
        "publication": frame.publication_id,
        "as_of": instant(frame.as_of),
        "published_at": instant(frame.published_at),
        "is_latest": frame.is_latest,
        "synthetic": frame.synthetic,
    }


def instant(value: datetime) -> str:
    """Write an instant in UTC: 2026-11-15T18:10:00Z."""
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def series_record(view: PublishedSeries) -> dict[str, Any]:
    """Return a series for JSON; no value is null."""
    return {
        **about(view.frame),
        "indicator": view.indicator,
        "disease": view.disease,
        "area": view.area,
        "sector": view.sector,
        "data": [point_record(point, view.indicator) for point in view.points],
    }


def newest_record(view: NewestValues) -> dict[str, Any]:
    """Return the newest values of an indicator for JSON."""
    return {
        **about(view.frame),
        "indicator": view.indicator,
        "disease": view.disease,
        "data": [
            {"area": area, "sector": sector, **point_record(point, view.indicator)}
            for area, sector, point in view.rows
        ],
    }


def point_record(point: Point, indicator: str) -> dict[str, Any]:
    """Return one day for JSON; of a chance also its band, where only that is told."""
    told: dict[str, Any] = point._asdict()
    told["ref_date"] = point.ref_date.isoformat()
    if indicator != CHANCE:
        del told["band"]
    if indicator in (*COUNTS, CASES_WEEKLY) and point.value is not None:
        told["value"] = int(point.value)
    return told


def series_csv(view: PublishedSeries) -> str:
    """Return a series as CSV; no value is an empty cell."""
    records = [point_record(point, view.indicator) for point in view.points]
    return _csv(_columns(view), records)


def newest_csv(view: NewestValues) -> str:
    """Return the newest values of an indicator as CSV."""
    return _csv(("area", "sector", *_columns(view)), newest_record(view)["data"])


def _columns(view: PublishedSeries | NewestValues) -> tuple[str, ...]:
    """Return the columns; a chance as the public may see it has one for its band."""
    banded = view.indicator == CHANCE and not view.exact
    return (*COLUMNS, "band") if banded else COLUMNS


def _csv(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
