"""The fact tables: what sources say, one row for each change.

The key columns name the figure, `vintage_id` the issue of the source that brought the change,
`status` whether the figure is reported or has been withdrawn; see `kms.store.facts`. An area is
a PSGC code, a non-place, or a prefixed code of another scheme (`iso:JPN`, `local:toronto`); a
sector is a PSIC section or division, or a prefixed code (`naics:23`). Blank means all of them.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from kms.store.tables import DataTable


class CaseCount(DataTable):
    """Cases by area and day, on one time axis (`basis`)."""

    __tablename__ = "case_count"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    disease: Mapped[str] = mapped_column(String(40), primary_key=True)
    classification: Mapped[str] = mapped_column(String(20), primary_key=True)
    basis: Mapped[str] = mapped_column(String(30), primary_key=True)
    grain: Mapped[str] = mapped_column(String(5), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    ref_date: Mapped[date] = mapped_column(primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    cases: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class ReportingTriangle(DataTable):
    """Cases by onset day and report day, for provinces and places known only by region."""

    __tablename__ = "reporting_triangle"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    disease: Mapped[str] = mapped_column(String(40), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    onset_date: Mapped[date] = mapped_column(primary_key=True)
    report_date: Mapped[date] = mapped_column(primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    cases: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class Inspection(DataTable):
    """One visit to one establishment; the establishment's name stays in the snapshot."""

    __tablename__ = "inspection"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    inspection_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    establishment_id: Mapped[str | None] = mapped_column(String(60))
    area: Mapped[str | None] = mapped_column(String(40))
    sector: Mapped[str | None] = mapped_column(String(10))
    workers_male: Mapped[int | None]
    workers_female: Mapped[int | None]
    size_class: Mapped[str | None] = mapped_column(String(10))
    risk_class: Mapped[str | None] = mapped_column(String(10))
    mode: Mapped[str | None] = mapped_column(String(10))
    trigger: Mapped[str | None] = mapped_column(String(20))
    visit: Mapped[str | None] = mapped_column(String(12))
    opened_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    regional_office: Mapped[str | None] = mapped_column(String(40))
    inspector: Mapped[str | None] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(10))


class InspectionItem(DataTable):
    """One checklist item of an inspection, at the first visit and after correction."""

    __tablename__ = "inspection_item"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    inspection_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    item_code: Mapped[str] = mapped_column(String(40), primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    applicable: Mapped[bool | None]
    compliant_initial: Mapped[bool | None]
    compliant_after: Mapped[bool | None]
    corrected_on: Mapped[date | None]
    severity_weight: Mapped[float | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class CaseTotal(DataTable):
    """Running totals as printed: `measure` is cases, deaths, recovered or active."""

    __tablename__ = "case_total"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    disease: Mapped[str] = mapped_column(String(40), primary_key=True)
    measure: Mapped[str] = mapped_column(String(20), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    ref_date: Mapped[date] = mapped_column(primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    persons: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class CaseLink(DataTable):
    """Cases by source of infection and setting; `pending` is not yet investigated."""

    __tablename__ = "case_link"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    disease: Mapped[str] = mapped_column(String(40), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    report_date: Mapped[date] = mapped_column(primary_key=True)
    infection_source: Mapped[str] = mapped_column(String(20), primary_key=True)
    setting: Mapped[str] = mapped_column(String(30), primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    cases: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class PairCount(DataTable):
    """Linked pairs by the infectee's onset day and the days since the infector's onset."""

    __tablename__ = "pair_count"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    disease: Mapped[str] = mapped_column(String(40), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    onset_date: Mapped[date] = mapped_column(primary_key=True)
    serial_interval_days: Mapped[int] = mapped_column(primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    pairs: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class WorkplaceCluster(DataTable):
    """Cases linked to one workplace; sector and establishment where known."""

    __tablename__ = "workplace_cluster"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    disease: Mapped[str] = mapped_column(String(40), primary_key=True)
    cluster_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    area: Mapped[str | None] = mapped_column(String(40))
    sector: Mapped[str | None] = mapped_column(String(20))
    establishment_id: Mapped[str | None] = mapped_column(String(60))
    first_report_date: Mapped[date | None]
    last_report_date: Mapped[date | None]
    cases: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class Capacity(DataTable):
    """Beds or ventilators by area, day and type, summed over facilities."""

    __tablename__ = "capacity"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    facility_type: Mapped[str] = mapped_column(String(20), primary_key=True)
    bed_type: Mapped[str] = mapped_column(String(20), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    ref_date: Mapped[date] = mapped_column(primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    occupied: Mapped[int | None]
    total: Mapped[int | None]
    facilities_reporting: Mapped[int | None]
    facilities_carried: Mapped[int | None]
    facilities_registered: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class Testing(DataTable):
    """Tests by area and day; laboratories that reported of those known."""

    __tablename__ = "testing"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    disease: Mapped[str] = mapped_column(String(40), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    ref_date: Mapped[date] = mapped_column(primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    samples_tested: Mapped[int | None]
    individuals_tested: Mapped[int | None]
    individuals_positive: Mapped[int | None]
    laboratories_reporting: Mapped[int | None]
    laboratories_registered: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class Vaccination(DataTable):
    """Running totals of persons by dose: any, full, booster."""

    __tablename__ = "vaccination"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    disease: Mapped[str] = mapped_column(String(40), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    dose: Mapped[str] = mapped_column(String(20), primary_key=True)
    ref_date: Mapped[date] = mapped_column(primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    persons: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class Admission(DataTable):
    """Persons admitted to hospital or ICU in a day or week."""

    __tablename__ = "admission"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    disease: Mapped[str] = mapped_column(String(40), primary_key=True)
    unit: Mapped[str] = mapped_column(String(20), primary_key=True)
    grain: Mapped[str] = mapped_column(String(5), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    ref_date: Mapped[date] = mapped_column(primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    persons: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class InspectionLink(DataTable):
    """What an inspection is related to: another inspection, a complaint, a programme."""

    __tablename__ = "inspection_link"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    inspection_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    relation: Mapped[str] = mapped_column(String(20), primary_key=True)
    related_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class InjuryReport(DataTable):
    """One report of a work accident or illness; persons are counted, never described."""

    __tablename__ = "injury_report"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    report_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    establishment_id: Mapped[str | None] = mapped_column(String(60))
    area: Mapped[str | None] = mapped_column(String(40))
    sector: Mapped[str | None] = mapped_column(String(20))
    size_class: Mapped[str | None] = mapped_column(String(10))
    workers_male: Mapped[int | None]
    workers_female: Mapped[int | None]
    event: Mapped[str | None] = mapped_column(String(20))
    occurred_on: Mapped[date | None]
    reported_on: Mapped[date | None]
    persons_male: Mapped[int | None]
    persons_female: Mapped[int | None]
    fatal: Mapped[int | None]
    permanent_total: Mapped[int | None]
    permanent_partial: Mapped[int | None]
    temporary_total: Mapped[int | None]
    no_lost_time: Mapped[int | None]
    days_lost: Mapped[int | None]
    days_charged: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class AnnualExposure(DataTable):
    """Hours worked and injuries of an establishment in a year (AEDR)."""

    __tablename__ = "annual_exposure"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    establishment_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    area: Mapped[str | None] = mapped_column(String(40))
    sector: Mapped[str | None] = mapped_column(String(20))
    size_class: Mapped[str | None] = mapped_column(String(10))
    workers_male: Mapped[int | None]
    workers_female: Mapped[int | None]
    reported_on: Mapped[date | None]
    hours_worked: Mapped[float | None]
    disabling: Mapped[int | None]
    non_disabling: Mapped[int | None]
    fatal: Mapped[int | None]
    days_lost: Mapped[int | None]
    days_charged: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class Employment(DataTable):
    """Employed persons by area, sector, sex and period, the denominators of rates."""

    __tablename__ = "employment"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    grain: Mapped[str] = mapped_column(String(10), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    sector: Mapped[str] = mapped_column(String(20), primary_key=True)
    sex: Mapped[str] = mapped_column(String(10), primary_key=True)
    ref_date: Mapped[date] = mapped_column(primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    employed: Mapped[float | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class Population(DataTable):
    """Persons by area, sex and age band at a census or projection day."""

    __tablename__ = "population"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    sex: Mapped[str] = mapped_column(String(10), primary_key=True)
    age_band: Mapped[str] = mapped_column(String(20), primary_key=True)
    ref_date: Mapped[date] = mapped_column(primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    persons: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class EstablishmentCount(DataTable):
    """Establishments and their workers by area, sector and size class in a year."""

    __tablename__ = "establishment_count"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    sector: Mapped[str] = mapped_column(String(20), primary_key=True)
    size_class: Mapped[str] = mapped_column(String(10), primary_key=True)
    ref_date: Mapped[date] = mapped_column(primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    establishments: Mapped[int | None]
    employed: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class Measure(DataTable):
    """A restriction in force: where, for whom, from when to when, how strict."""

    __tablename__ = "measure"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    measure_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    area: Mapped[str | None] = mapped_column(String(40))
    sector: Mapped[str | None] = mapped_column(String(20))
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    level: Mapped[str | None] = mapped_column(String(40))
    capacity_share: Mapped[float | None]
    instrument: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)


class Statistic(DataTable):
    """A figure of an international data set, by its own codes."""

    __tablename__ = "statistic"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    dataset: Mapped[str] = mapped_column(String(60), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    sector: Mapped[str] = mapped_column(String(20), primary_key=True)
    sex: Mapped[str] = mapped_column(String(10), primary_key=True)
    breakdown: Mapped[str] = mapped_column(String(200), primary_key=True)
    unit: Mapped[str] = mapped_column(String(60), primary_key=True)
    period: Mapped[str] = mapped_column(String(20), primary_key=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    value: Mapped[float | None]
    obs_status: Mapped[str | None] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(10))
    __table_args__ = ({"sqlite_with_rowid": False},)
