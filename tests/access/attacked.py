"""A store to attack: many provinces with few cases, three editions, all through the real sources.

Everything a public person can get is read here; the exact counts, which the attacks are judged
by, come from the store itself.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from flask.testing import FlaskClient

from ingest.load import load
from ingest.source import source_named
from kms.access.figures import COUNTS
from kms.api.server import create_api
from kms.compute.publish import publish
from kms.config import Settings
from kms.domain.series import Series
from kms.reads.area import read_area
from kms.reads.request import Request
from kms.reads.views import AreaView
from kms.store.engine import Store, open_store
from kms.store.migrate import migrate
from kms.store.open import CLOCK, set_store_fact
from kms.store.publications import current_issue, read_many
from tests.published import CASE_COLUMNS

FIRST = date(2021, 1, 3)  # a Sunday
Key = tuple[str, str]  # indicator, area
RELEASES = (date(2021, 4, 21), date(2021, 4, 26), date(2021, 5, 3))
NATION = "0000000000"
PLACES = {
    "NCR": ("NCR",),
    "CAR": ("ABRA", "APAYAO", "BENGUET", "IFUGAO", "KALINGA", "MOUNTAIN PROVINCE"),
    "Region I: Ilocos Region": ("ILOCOS NORTE", "ILOCOS SUR", "LA UNION", "PANGASINAN"),
    "Region II: Cagayan Valley": ("BATANES", "CAGAYAN", "ISABELA", "NUEVA VIZCAYA", "QUIRINO"),
    "Region VII: Central Visayas": ("BOHOL", "CEBU", "SIQUIJOR"),
    "Region VIII: Eastern Visayas": (
        "BILIRAN", "EASTERN SAMAR", "LEYTE", "NORTHERN SAMAR", "SOUTHERN LEYTE",
    ),
    "Region X: Northern Mindanao": ("BUKIDNON", "CAMIGUIN", "MISAMIS OCCIDENTAL"),
    "Region XI: Davao Region": ("DAVAO DEL NORTE", "DAVAO DEL SUR", "DAVAO ORIENTAL"),
}  # fmt: skip
ABROAD = ("ROF", "")
INDICATORS = (
    "cases_report",
    "cases_onset",
    "adar_per_100k",
    "two_week_growth_rate",
    "r_t",
    "p_r_above_1",
    "growth_rate_per_day",
    "doubling_time_days",
)


@dataclass
class Attacked:
    """The store, what the public got from it, and the truth it must not have got."""

    store: Store
    client: FlaskClient
    areas: dict[str, dict[str, Any]]  # as the interface lists them
    exact: dict[Key, Series]  # (indicator, area), newest edition
    public: dict[Key, list[dict[str, Any]]]  # the same, as JSON
    pages: dict[str, AreaView]
    earlier: list[dict[Key, list[dict[str, Any]]]] = field(default_factory=list)

    @property
    def active(self) -> set[Key]:
        """Counts of areas that had cases."""
        return {key for key, series in self.exact.items() if series.value.any()}


def make_attacked(settings: Settings, seed: int, *, regions: int, editions: int) -> Attacked:
    """Load, publish and read everything; the caller closes the store."""
    releases = RELEASES[-editions:]
    store = open_store(settings)
    migrate(store)
    rows = _rows(np.random.default_rng(seed), regions)
    folder = settings.home / "incoming"
    folder.mkdir(parents=True)
    for release in releases:
        known = [row for row in rows if str(row["DateRepConf"]) < release.isoformat()]
        path = folder / f"DOH COVID Data Drop_ {release:%Y%m%d} - 04 Case Information.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, CASE_COLUMNS, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(known)
        released = datetime(release.year, release.month, release.day, 8, tzinfo=UTC)
        now = released + timedelta(hours=10)
        set_store_fact(store, CLOCK, now.isoformat())
        source = source_named("doh_case_information")
        load(store, settings, source, [path], fetched_at=now)
        publish(store, as_of=released, published_at=now, current=True)
    client: FlaskClient = create_api(store).test_client()
    listed: Any = client.get("/api/v1/areas").json
    with store.read() as connection:
        issue = current_issue(connection)
        codes = [row["code"] for row in listed["data"]]
        counted = read_many(connection, issue.id, "cases_report", codes, disease=issue.disease)
        # Provinces of regions without a case have none to hide.
        alive = {code for code, series in counted.items() if series.value.any()}
        areas = {
            row["code"]: row
            for row in listed["data"]
            if row["level"] != "province" or row["region"] in alive
        }
        found = Attacked(store, client, areas, {}, {}, {})
        for indicator in (*INDICATORS, "cases_placeless"):
            for area, series in read_many(
                connection, issue.id, indicator, areas, disease=issue.disease
            ).items():
                if indicator in COUNTS or found.exact["cases_report", area].value.any():
                    found.exact[indicator, area] = series
    found.public = public_series(found, found.exact)
    counts = [key for key in found.exact if key[0] == "cases_report" and key in found.active]
    found.earlier = [public_series(found, counts, day) for day in releases[:-1]]
    found.pages = {code: read_area(store, Request(area=code)) for code in areas}
    return found


def public_series(
    attacked: Attacked, wanted: Iterable[Key], as_of: date | None = None
) -> dict[Key, list[dict[str, Any]]]:
    """Return every series the public can get, of one edition."""
    found: dict[Key, list[dict[str, Any]]] = {}
    asked: dict[str, Any] = {} if as_of is None else {"as_of": as_of.isoformat()}
    for indicator, area in wanted:
        query = asked | {"indicator": indicator, "area": area}
        told: Any = attacked.client.get("/api/v1/series", query_string=query).json
        found[indicator, area] = told["data"]
    return found


def _rows(draw: np.random.Generator, regions: int) -> list[dict[str, object]]:
    """Draw cases of provinces whose sizes differ a hundredfold, each with a wave of its own."""
    days = (RELEASES[-1] - FIRST).days
    rows: list[dict[str, object]] = []
    places = [
        (region, province) for region, names in list(PLACES.items())[:regions] for province in names
    ]
    for region, province in [*places, ABROAD]:
        size = 25.0 if region == "NCR" else float(np.exp(draw.normal(0.0, 1.4)))
        phase, depth = draw.uniform(0, 2 * np.pi), draw.uniform(0, 1.2)
        for day in range(days):
            expected = size * np.exp(depth * np.sin(2 * np.pi * day / 90 + phase))
            reported = FIRST + timedelta(days=day)
            for _ in range(draw.poisson(expected)):
                onset = reported - timedelta(days=int(draw.integers(1, 8)))
                rows.append(
                    {
                        "CaseCode": f"C{draw.integers(10**12):012d}",
                        "Age": 30,
                        "Sex": "MALE",
                        "DateRepConf": reported.isoformat(),
                        "RegionRes": region,
                        "ProvRes": province,
                        "DateOnset": onset.isoformat() if draw.random() < 0.85 else "",
                    }
                )
    return rows
