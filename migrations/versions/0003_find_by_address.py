"""Find people by the address letters about them go to, kept in the one form accounts keep theirs in.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE participant SET email = lower(email) WHERE email <> lower(email)")
    with op.batch_alter_table("participant") as batch_op:
        batch_op.create_index(batch_op.f("ix_participant_email"), ["email"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("participant") as batch_op:
        batch_op.drop_index(batch_op.f("ix_participant_email"))
