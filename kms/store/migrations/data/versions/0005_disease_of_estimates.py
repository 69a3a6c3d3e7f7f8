"""The disease a published series is about; none for what is told of workplaces."""

import json
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("estimate_series", "latest_value")
KEYS = ("publication_id", "disease", "indicator", "area", "sector")


def upgrade() -> None:
    """Go forward; what was published so far was about one disease in each publication."""
    for name in TABLES:
        op.add_column(
            name, sa.Column("disease", sa.String(length=40), server_default="", nullable=False)
        )
    name_diseases(op.get_bind())
    for name in TABLES:
        # SQLite writes the table anew, since a primary key cannot be changed in place.
        with op.batch_alter_table(name) as table:
            table.drop_constraint(op.f(f"pk_{name}"), type_="primary")
            table.create_primary_key(op.f(f"pk_{name}"), list(KEYS))
            table.alter_column("disease", existing_type=sa.String(length=40), server_default=None)


def name_diseases(connection: sa.Connection) -> None:
    """Write each publication's disease to its series, except those of workplaces."""
    found = connection.execute(sa.text("SELECT id, facts FROM publication")).all()
    for publication_id, facts in found:
        for name in TABLES:
            connection.execute(
                sa.text(
                    f"UPDATE {name} SET disease = :disease WHERE publication_id = :publication "
                    "AND indicator NOT LIKE 'compliance%' AND indicator NOT LIKE 'not_met.%'"
                ),
                {"disease": json.loads(facts)["disease"], "publication": publication_id},
            )
