"""Facts of every source; vintages that are held, and what a steward lets pass."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import kms.store.types

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "waiver",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("why", sa.String(length=400), nullable=False),
        sa.Column("given_at", kms.store.types.Instant(length=27), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("ended_at", kms.store.types.Instant(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiver")),
    )
    op.create_index(op.f("ix_waiver_source_id"), "waiver", ["source_id"], unique=False)
    op.create_table(
        "admission",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("disease", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("grain", sa.String(length=5), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("ref_date", sa.Date(), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_admission_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id",
            "disease",
            "unit",
            "grain",
            "area",
            "ref_date",
            "vintage_id",
            name=op.f("pk_admission"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alarm",
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("seen", sa.Double(), nullable=True),
        sa.Column("allowed", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["vintage_id"], ["vintage.id"], name=op.f("fk_alarm_vintage_id")),
        sa.PrimaryKeyConstraint("vintage_id", "code", "subject", name=op.f("pk_alarm")),
    )
    op.create_table(
        "annual_exposure",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("establishment_id", sa.String(length=60), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=True),
        sa.Column("sector", sa.String(length=20), nullable=True),
        sa.Column("size_class", sa.String(length=10), nullable=True),
        sa.Column("workers_male", sa.Integer(), nullable=True),
        sa.Column("workers_female", sa.Integer(), nullable=True),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.Column("hours_worked", sa.Double(), nullable=True),
        sa.Column("disabling", sa.Integer(), nullable=True),
        sa.Column("non_disabling", sa.Integer(), nullable=True),
        sa.Column("fatal", sa.Integer(), nullable=True),
        sa.Column("days_lost", sa.Integer(), nullable=True),
        sa.Column("days_charged", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_annual_exposure_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id", "establishment_id", "year", "vintage_id", name=op.f("pk_annual_exposure")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "capacity",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("facility_type", sa.String(length=20), nullable=False),
        sa.Column("bed_type", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("ref_date", sa.Date(), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("occupied", sa.Integer(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("facilities_reporting", sa.Integer(), nullable=True),
        sa.Column("facilities_carried", sa.Integer(), nullable=True),
        sa.Column("facilities_registered", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_capacity_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id",
            "facility_type",
            "bed_type",
            "area",
            "ref_date",
            "vintage_id",
            name=op.f("pk_capacity"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "case_link",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("disease", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("report_date", sa.Date(), nullable=False),
        sa.Column("infection_source", sa.String(length=20), nullable=False),
        sa.Column("setting", sa.String(length=30), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_case_link_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id",
            "disease",
            "area",
            "report_date",
            "infection_source",
            "setting",
            "vintage_id",
            name=op.f("pk_case_link"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "case_total",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("disease", sa.String(length=40), nullable=False),
        sa.Column("measure", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("ref_date", sa.Date(), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_case_total_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id",
            "disease",
            "measure",
            "area",
            "ref_date",
            "vintage_id",
            name=op.f("pk_case_total"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "employment",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("grain", sa.String(length=10), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("sector", sa.String(length=20), nullable=False),
        sa.Column("sex", sa.String(length=10), nullable=False),
        sa.Column("ref_date", sa.Date(), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("employed", sa.Double(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_employment_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id",
            "grain",
            "area",
            "sector",
            "sex",
            "ref_date",
            "vintage_id",
            name=op.f("pk_employment"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "establishment_count",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("sector", sa.String(length=20), nullable=False),
        sa.Column("size_class", sa.String(length=10), nullable=False),
        sa.Column("ref_date", sa.Date(), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("establishments", sa.Integer(), nullable=True),
        sa.Column("employed", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_establishment_count_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id",
            "area",
            "sector",
            "size_class",
            "ref_date",
            "vintage_id",
            name=op.f("pk_establishment_count"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "injury_report",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("report_id", sa.String(length=60), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("establishment_id", sa.String(length=60), nullable=True),
        sa.Column("area", sa.String(length=40), nullable=True),
        sa.Column("sector", sa.String(length=20), nullable=True),
        sa.Column("size_class", sa.String(length=10), nullable=True),
        sa.Column("workers_male", sa.Integer(), nullable=True),
        sa.Column("workers_female", sa.Integer(), nullable=True),
        sa.Column("event", sa.String(length=20), nullable=True),
        sa.Column("occurred_on", sa.Date(), nullable=True),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.Column("persons_male", sa.Integer(), nullable=True),
        sa.Column("persons_female", sa.Integer(), nullable=True),
        sa.Column("fatal", sa.Integer(), nullable=True),
        sa.Column("permanent_total", sa.Integer(), nullable=True),
        sa.Column("permanent_partial", sa.Integer(), nullable=True),
        sa.Column("temporary_total", sa.Integer(), nullable=True),
        sa.Column("no_lost_time", sa.Integer(), nullable=True),
        sa.Column("days_lost", sa.Integer(), nullable=True),
        sa.Column("days_charged", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_injury_report_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id", "report_id", "vintage_id", name=op.f("pk_injury_report")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "inspection_link",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("inspection_id", sa.String(length=60), nullable=False),
        sa.Column("relation", sa.String(length=20), nullable=False),
        sa.Column("related_id", sa.String(length=60), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_inspection_link_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id",
            "inspection_id",
            "relation",
            "related_id",
            "vintage_id",
            name=op.f("pk_inspection_link"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "measure",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("measure_id", sa.String(length=60), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=True),
        sa.Column("sector", sa.String(length=20), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("level", sa.String(length=40), nullable=True),
        sa.Column("capacity_share", sa.Double(), nullable=True),
        sa.Column("instrument", sa.String(length=200), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["vintage_id"], ["vintage.id"], name=op.f("fk_measure_vintage_id")),
        sa.PrimaryKeyConstraint("source_id", "measure_id", "vintage_id", name=op.f("pk_measure")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pair_count",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("disease", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("onset_date", sa.Date(), nullable=False),
        sa.Column("serial_interval_days", sa.Integer(), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_pair_count_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id",
            "disease",
            "area",
            "onset_date",
            "serial_interval_days",
            "vintage_id",
            name=op.f("pk_pair_count"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "population",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("sex", sa.String(length=10), nullable=False),
        sa.Column("age_band", sa.String(length=20), nullable=False),
        sa.Column("ref_date", sa.Date(), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_population_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id",
            "area",
            "sex",
            "age_band",
            "ref_date",
            "vintage_id",
            name=op.f("pk_population"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "statistic",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("dataset", sa.String(length=60), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("sector", sa.String(length=20), nullable=False),
        sa.Column("sex", sa.String(length=10), nullable=False),
        sa.Column("breakdown", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("obs_status", sa.String(length=20), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_statistic_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id",
            "dataset",
            "area",
            "sector",
            "sex",
            "breakdown",
            "unit",
            "period",
            "vintage_id",
            name=op.f("pk_statistic"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "testing",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("disease", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("ref_date", sa.Date(), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("samples_tested", sa.Integer(), nullable=True),
        sa.Column("individuals_tested", sa.Integer(), nullable=True),
        sa.Column("individuals_positive", sa.Integer(), nullable=True),
        sa.Column("laboratories_reporting", sa.Integer(), nullable=True),
        sa.Column("laboratories_registered", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["vintage_id"], ["vintage.id"], name=op.f("fk_testing_vintage_id")),
        sa.PrimaryKeyConstraint(
            "source_id", "disease", "area", "ref_date", "vintage_id", name=op.f("pk_testing")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "vaccination",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("disease", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("dose", sa.String(length=20), nullable=False),
        sa.Column("ref_date", sa.Date(), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_vaccination_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id",
            "disease",
            "area",
            "dose",
            "ref_date",
            "vintage_id",
            name=op.f("pk_vaccination"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "workplace_cluster",
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("disease", sa.String(length=40), nullable=False),
        sa.Column("cluster_id", sa.String(length=60), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=True),
        sa.Column("sector", sa.String(length=20), nullable=True),
        sa.Column("establishment_id", sa.String(length=60), nullable=True),
        sa.Column("first_report_date", sa.Date(), nullable=True),
        sa.Column("last_report_date", sa.Date(), nullable=True),
        sa.Column("cases", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_workplace_cluster_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "source_id", "disease", "cluster_id", "vintage_id", name=op.f("pk_workplace_cluster")
        ),
        sqlite_with_rowid=False,
    )
    op.add_column(
        "source", sa.Column("feeds_figures", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.add_column(
        "vintage", sa.Column("spans", sa.String(length=1000), server_default="", nullable=False)
    )
