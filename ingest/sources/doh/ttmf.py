"""DOH "Quarantine Facility Data": beds of temporary treatment and monitoring facilities.

One row a facility and day: `isolbed_*` and `beds_ward_*` with region, province and city, from
2020. Facilities have no codes; many share a name within a city, and only the Data Drop's own
files have the barangay (`bgy`) that tells them apart.
"""

from __future__ import annotations

from datetime import date

from ingest.batch import Batch
from ingest.reading.facilities import Layout, beds, parse_reports
from ingest.source import Source
from kms.domain.intake import Parsed

LAYOUT = Layout(
    "isolation_facility",
    "facilityname",
    (beds("isolation", "isolbed"), beds("ward", "beds_ward")),
    date(2020, 3, 1),
    finer_place=("bgy",),
    also={"facilityname": ("cfname", "facility_name"), "bgy": ("barangay",)},
)


def parse(batch: Batch) -> Parsed:
    """Read one issue into beds by area and day."""
    return parse_reports(batch, LAYOUT)


SOURCE = Source(
    source_id="doh_ttmf",
    title="DOH isolation facilities",
    publisher="DOH Data Collect (TTMF Tracker)",
    licence="Free use, re-use and sharing with attribution to the DOH Epidemiology Bureau",
    rhythm="daily",
    every_days=1,
    grace_days=1,
    used_for="kept for isolation capacity; no figure uses it yet",
    name_ends_with=(
        r"Quarantine Facility Data - Daily Report( \d{4})?\.csv(\.gz)?$",
        r"TTMF Tracker( v\d(\.\d)?)? - Daily Report( \d{4})?\.csv(\.gz)?$",
        r"ttmf_quarantine_facility_day\.csv(\.gz)?$",
    ),
    parse=parse,
    rows_are_persons=False,
)
