"""Whose word a record of a person is, and which records were found to be two people.

Records kept before stay the union's, and whoever could sign somebody up still can: nobody can tell afterwards who was
let in by name, birth date and unit alone. The journal can: “person added” stands there once for each account.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("participant") as batch_op:
        batch_op.add_column(sa.Column("keeper_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_participant_keeper_id"), ["keeper_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_participant_keeper_id_account"), "account", ["keeper_id"], ["id"]
        )
    op.create_table(
        "kept_apart",
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["account.id"], name=op.f("fk_kept_apart_decided_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["first_id"], ["participant.id"], name=op.f("fk_kept_apart_first_id_participant")
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["participant.id"], name=op.f("fk_kept_apart_second_id_participant")
        ),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_kept_apart")),
    )
    with op.batch_alter_table("kept_apart") as batch_op:
        batch_op.create_index(batch_op.f("ix_kept_apart_second_id"), ["second_id"], unique=False)


def downgrade() -> None:
    op.drop_table("kept_apart")
    with op.batch_alter_table("participant") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_participant_keeper_id_account"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_participant_keeper_id"))
        batch_op.drop_column("keeper_id")
