"""People's answers on labelled sets, and runs of the Learning page."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("data", sa.String(64), nullable=False),
        sa.Column("item", sa.String(400), nullable=False),
        sa.Column("person", sa.String(120), nullable=False),
        sa.Column("label", sa.String(400), nullable=False),
        sa.Column("answered_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("data", "item", "person"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("data_name", sa.String(400), nullable=False),
        sa.Column("data", sa.String(64), nullable=False, index=True),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.Column("correct", sa.LargeBinary),
        sa.Column("items", sa.Integer),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
