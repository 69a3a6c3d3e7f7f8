"""DOH Data Collect "Daily Report": beds and ventilators of hospitals, one row a facility and day.

Layouts: April 2020 (ICU beds with and without negative pressure, no places), 2020-21 (`icu_*`,
`isolbed_*`, `beds_ward_*` with region, province and city; also a compilation without facility
codes), 2022 (47 columns: `nonicu_*` instead of isolation and ward beds, and `_nc` for beds not
for COVID-19). Dates are month/day/year until 14 April 2020, ISO after; a facility's code, the
times of its report and the code of its city are used where a file has them.
"""

from __future__ import annotations

from datetime import date

from ingest.batch import Batch
from ingest.opening.header import header_key, read_header
from ingest.reading.facilities import BedType, Layout, beds, parse_reports
from ingest.source import Source
from kms.domain.intake import Parsed

EARLIEST = date(2020, 3, 1)  # the reports began on 26 March 2020
_ICU_APRIL = BedType("icu", ("icu_np_o", "icu_wnp_o"), ("icu_np_v", "icu_wnp_v"))
_ISOLATION, _WARD = beds("isolation", "isolbed"), beds("ward", "beds_ward")
_VENTILATOR = beds("ventilator", "mechvent")
_NON_COVID = tuple(
    beds(f"{name}_non_covid", column, "_nc")
    for name, column in (("icu", "icu"), ("nonicu", "nonicu"), ("ventilator", "mechvent"))
)
APRIL_2020 = Layout(
    "hospital", "cfname", (_ICU_APRIL, _ISOLATION, _WARD, _VENTILATOR), EARLIEST, place=()
)
V4 = Layout(
    "hospital",
    "cfname",
    (beds("icu", "icu"), _ISOLATION, _WARD, _VENTILATOR),
    EARLIEST,
    optional_beds=_NON_COVID,
)
V5 = Layout(
    "hospital",
    "cfname",
    (beds("icu", "icu"), beds("nonicu", "nonicu"), _VENTILATOR),
    EARLIEST,
    optional_beds=_NON_COVID,
)


def parse(batch: Batch) -> Parsed:
    """Read one issue of the daily report into beds by area and day."""
    return parse_reports(batch, _layout(batch))


def _layout(batch: Batch) -> Layout:
    """Tell which of the layouts the vintage follows."""
    names = {
        header_key(name) for part in batch.parts for name in read_header(batch.source_id, part)
    }
    if header_key("icu_np_o") in names:
        return APRIL_2020
    return V5 if header_key("nonicu_o") in names else V4


SOURCE = Source(
    source_id="doh_hospital_daily",
    title="DOH hospital beds",
    publisher="DOH Data Collect (Health Facility Development Bureau)",
    licence="Free use, re-use and sharing with attribution to the DOH Epidemiology Bureau",
    rhythm="daily",
    every_days=1,
    grace_days=1,
    used_for="beds, health care utilisation",
    name_ends_with=(
        r"(DOH Data Collect|DDC)( BedTracker)?( v\d(\.\d)?)? - Daily Report( \d{4})?\.csv(\.gz)?$",
        r"hospital_beds_facility_day\.csv(\.gz)?$",
    ),
    parse=parse,
    rows_are_persons=False,
    feeds_figures=True,
)
