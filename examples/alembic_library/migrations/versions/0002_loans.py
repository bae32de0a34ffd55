"""Loans, of which a book has one at a time: PostgreSQL sees to that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("create extension btree_gist")
    op.create_table(
        "loan",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("book_id", sa.Integer, sa.ForeignKey("book.id"), nullable=False),
        sa.Column("during", postgresql.DATERANGE, nullable=False),
        postgresql.ExcludeConstraint(("book_id", "="), ("during", "&&"), name="one_loan_at_a_time"),
    )


def downgrade() -> None:
    op.drop_table("loan")
    op.execute("drop extension btree_gist")
