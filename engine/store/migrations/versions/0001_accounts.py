"""Accounts, imports and their tables, goals, notes, column mappings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(120), nullable=False, unique=True),
        sa.Column("time_zone", sa.String(60), nullable=False),
        sa.Column("rate_demoted", sa.String(2000)),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer, primary_key=True),
        _owner("account_id", "accounts.id"),
        sa.Column("name", sa.String(400), nullable=False),
        sa.Column("origin", sa.String(1000), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("imported_at", sa.DateTime, nullable=False),
        sa.Column("undone_at", sa.DateTime),
    )
    op.create_table(
        "tables",
        sa.Column("id", sa.Integer, primary_key=True),
        _owner("import_id", "imports.id"),
        sa.Column("name", sa.String(600), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("definition", sa.String(10), nullable=False),
        sa.Column("covers_from", sa.Date),
        sa.Column("covers_until", sa.Date),
        sa.Column("rows", sa.LargeBinary, nullable=False),
        sa.Column("report", sa.JSON, nullable=False),
    )
    op.create_table(
        "goals",
        sa.Column("id", sa.Integer, primary_key=True),
        _owner("account_id", "accounts.id"),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("metric", sa.String(40), nullable=False),
        sa.Column("target", sa.Double),
        sa.Column("set_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer, primary_key=True),
        _owner("account_id", "accounts.id"),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("text", sa.String(400), nullable=False),
    )
    op.create_table(
        "column_mappings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("signature", sa.String(8000), nullable=False, unique=True),
        sa.Column("fields", sa.JSON, nullable=False),
    )


def _owner(name: str, column: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer, sa.ForeignKey(column, ondelete="CASCADE"), nullable=False, index=True)
