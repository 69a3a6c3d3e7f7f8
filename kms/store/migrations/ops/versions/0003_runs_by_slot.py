"""One run a due time, however often it is tried; what runs found; what addresses sent."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import kms.store.types

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RENAMED = (("done", "published"), ("lost", "abandoned"), ("running", "abandoned"))


def upgrade() -> None:
    """Go forward."""
    # Of several attempts at one due time the last to begin tells how it ended.
    op.execute(
        "DELETE FROM run WHERE EXISTS (SELECT 1 FROM run AS later WHERE later.kind = run.kind "
        "AND later.slot = run.slot AND (later.started_at > run.started_at "
        "OR (later.started_at = run.started_at AND later.id > run.id)))"
    )
    for before, after in RENAMED:
        op.execute(f"UPDATE run SET state = '{after}' WHERE state = '{before}'")
    op.create_table(
        "feed_mark",
        sa.Column("address", sa.String(length=400), nullable=False),
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("etag", sa.String(length=400), nullable=False),
        sa.Column("modified", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("snapshot_path", sa.String(length=200), nullable=False),
        sa.Column("fetched_at", kms.store.types.Instant(length=27), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_feed_mark")),
    )
    op.create_table(
        "source_check",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(length=60), nullable=False),
        sa.Column("source_id", sa.String(length=60), nullable=False),
        sa.Column("place", sa.String(length=400), nullable=False),
        sa.Column("checked_at", kms.store.types.Instant(length=27), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("vintage", sa.String(length=120), nullable=False),
        sa.Column("error_code", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.String(length=2000), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_check")),
    )
    op.create_index(op.f("ix_source_check_run_id"), "source_check", ["run_id"], unique=False)
    op.create_index(op.f("ix_source_check_source_id"), "source_check", ["source_id"], unique=False)
    op.add_column(
        "run", sa.Column("attempt", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.add_column(
        "run", sa.Column("catch_up", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column(
        "run", sa.Column("heartbeat_at", kms.store.types.Instant(length=27), nullable=True)
    )
    op.add_column(
        "run", sa.Column("next_try_at", kms.store.types.Instant(length=27), nullable=True)
    )
    op.add_column(
        "run", sa.Column("code_version", sa.String(length=40), server_default="", nullable=False)
    )
    op.add_column(
        "run", sa.Column("error_code", sa.String(length=40), server_default="", nullable=False)
    )
    op.create_index("uq_run_kind_slot", "run", ["kind", "slot"], unique=True)
