"""Whether each row of a source is a person: their numbers are disclosed then."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward; a source already known counts as persons until it describes itself again."""
    op.add_column(
        "source",
        sa.Column("rows_are_persons", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
