"""Verdicts with their pictures, what people decided, and what was set or learned since."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "verdicts",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("subject", sa.String(32), nullable=False, index=True),
        sa.Column("listing", sa.String(400), nullable=False),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("model", sa.String(400), nullable=False, index=True),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("terms", sa.String(40), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False, index=True),
        sa.Column("waits", sa.String(10)),
        sa.Column("queued", sa.Boolean, nullable=False),
        sa.Column("propensity", sa.Double, nullable=False),
        sa.Column("gain", sa.Double, nullable=False),
        sa.Column("claimed_by", sa.String(120)),
        sa.Column("claimed_at", sa.DateTime),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("looks", sa.LargeBinary, nullable=False),
        sa.Index("ix_verdicts_queue", "queued", "gain"),
    )
    op.create_table(
        "pictures",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("jpeg", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "shown",
        sa.Column("verdict_id", sa.String(32), sa.ForeignKey("verdicts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("picture", sa.String(64), sa.ForeignKey("pictures.sha256"), nullable=False, index=True),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("verdict_id", sa.String(32), sa.ForeignKey("verdicts.id", ondelete="SET NULL"), index=True),
        sa.Column("person", sa.String(120), nullable=False, index=True),
        sa.Column("label", sa.String(400)),
        sa.Column("skipped", sa.Boolean, nullable=False),
        sa.Column("seen", sa.Boolean, nullable=False),
        sa.Column("said", sa.JSON, nullable=False),
        sa.Column("model", sa.String(400), nullable=False),
        sa.Column("terms", sa.String(40), nullable=False),
        sa.Column("seconds", sa.Double),
        sa.Column("decided_at", sa.DateTime, nullable=False),
        sa.Column("undone_at", sa.DateTime),
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("model", sa.String(400)),
        sa.Column("summary", sa.String(2000), nullable=False),
        sa.Column("figures", sa.JSON),
        sa.Column("person", sa.String(120), nullable=False),
        sa.Column("accepted_at", sa.DateTime, nullable=False),
        sa.Column("rolled_back_by", sa.String(120)),
        sa.Column("rolled_back_at", sa.DateTime),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
