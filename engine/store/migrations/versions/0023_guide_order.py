"""Keep the doctors of a word in the order in which they are shown, so that a page is read off the index, and know their version."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TEMPORARY TABLE guide_words AS SELECT w.word, w.rank, l.place, w.no FROM guide_word w JOIN guide_listed l ON l.no = w.no"
    )
    op.drop_table("guide_word")
    op.create_table(
        "guide_word",
        sa.Column("word", sa.Text, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("no", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("word", "rank", "place", "no"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_guide_word_no", "guide_word", ["no", "word"])
    op.execute("INSERT INTO guide_word SELECT word, rank, place, no FROM guide_words ORDER BY word, rank, place, no")
    op.execute("DROP TABLE guide_words")
    op.drop_column("guide_listed", "place")
    op.add_column("guide_listed", sa.Column("version", sa.Integer, nullable=False, server_default="0"))
    current = "SELECT c.version FROM guide_current c WHERE c.institution = guide_listed.institution"
    op.execute(f"UPDATE guide_listed SET version = ({current})")
