"""What a vintage changed, by fact table; when it was decided on; room for `rolled_back`."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import kms.store.types

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FACT_TABLES = (
    "case_count", "reporting_triangle", "inspection", "inspection_item", "case_total", "case_link",
    "pair_count", "workplace_cluster", "capacity", "testing", "vaccination", "admission",
    "inspection_link", "injury_report", "annual_exposure", "employment", "population",
    "establishment_count", "measure", "statistic",
)  # fmt: skip


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "vintage_change",
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("fact_table", sa.String(length=40), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Integer(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintage.id"], name=op.f("fk_vintage_change_vintage_id")
        ),
        sa.PrimaryKeyConstraint("vintage_id", "fact_table", name=op.f("pk_vintage_change")),
    )
    op.add_column(
        "vintage", sa.Column("decided_at", kms.store.types.Instant(length=27), nullable=True)
    )
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no lengths
        op.alter_column("publication", "state", type_=sa.String(length=12))
    count_changes(op.get_bind())


def count_changes(connection: sa.Connection) -> None:
    """Count what the vintages already taken in changed; tables they left alone get no row."""
    for name in FACT_TABLES:
        connection.execute(sa.text(_counting(connection, name)))
    connection.execute(
        sa.text(
            "UPDATE vintage SET rows_changed = coalesce((SELECT sum(added + changed + withdrawn) "
            "FROM vintage_change WHERE vintage_change.vintage_id = vintage.id), 0)"
        )
    )


def _counting(connection: sa.Connection, name: str) -> str:
    keys = sa.inspect(connection).get_pk_constraint(name)["constrained_columns"]
    figure = ", ".join(f"f.{key}" for key in keys if key != "vintage_id")
    more = "0"
    if name == "case_count":
        # Of pidsr_weekly the confirmed cases stand among all of them, too.
        more = (
            "CASE WHEN f.basis <> 'report' THEN NULL "
            "WHEN f.source_id = 'pidsr_weekly' AND f.classification <> 'all' THEN 0 ELSE "
            "coalesce(f.cases, 0) - coalesce(lag(f.cases) OVER earlier, 0) END"
        )
    cases = "sum(more)" if name == "case_count" else "NULL"
    return (
        "INSERT INTO vintage_change (vintage_id, fact_table, added, changed, withdrawn, cases) "
        f"SELECT vintage_id, '{name}', "
        "sum(CASE WHEN status = 'reported' AND coalesce(was, '') <> 'reported' THEN 1 ELSE 0 END), "
        "sum(CASE WHEN status = 'reported' AND was = 'reported' THEN 1 ELSE 0 END), "
        f"sum(CASE WHEN status = 'withdrawn' THEN 1 ELSE 0 END), {cases} "
        "FROM (SELECT f.vintage_id AS vintage_id, f.status AS status, "
        f"lag(f.status) OVER earlier AS was, {more} AS more FROM {name} f "
        "JOIN vintage v ON v.id = f.vintage_id "
        f"WINDOW earlier AS (PARTITION BY {figure} ORDER BY v.published_at)) told "
        "GROUP BY vintage_id"
    )
