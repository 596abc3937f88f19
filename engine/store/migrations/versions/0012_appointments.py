"""Create the tables of appointments (hospitals, pool, orders, notices, calls, differences) and of errands."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "booking_call",
        sa.Column("institution", sa.Text, primary_key=True),
        sa.Column("function", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_booking_call_at", "booking_call", ["at"])
    op.create_table(
        "booking_clinic",
        sa.Column("institution", sa.Text, primary_key=True),
        sa.Column("schedule", sa.Text, primary_key=True),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("doctor", sa.Text, nullable=False),
        sa.Column("doctor_name", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("date", sa.Text, nullable=False),
        sa.Column("half", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("registration_fee", sa.BigInteger, nullable=False),
        sa.Column("treatment_fee", sa.BigInteger, nullable=False),
        sa.Column("timed", sa.Boolean, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("remaining", sa.BigInteger, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("detailed", sa.BigInteger),
    )
    op.create_index("ix_booking_clinic_day", "booking_clinic", ["institution", "department", "date"])
    op.create_table(
        "booking_department",
        sa.Column("institution", sa.Text, primary_key=True),
        sa.Column("department", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("parent", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("expertise", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("pulled", sa.BigInteger),
    )
    op.create_table(
        "booking_difference",
        sa.Column("institution", sa.Text, primary_key=True),
        sa.Column("date", sa.Text, primary_key=True),
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("ours", sa.Text, nullable=False),
        sa.Column("theirs", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("found", sa.BigInteger, nullable=False),
        sa.Column("settled", sa.BigInteger),
    )
    op.create_index("ix_booking_difference_open", "booking_difference", ["found"], sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
    op.create_table(
        "booking_doctor",
        sa.Column("institution", sa.Text, primary_key=True),
        sa.Column("department", sa.Text, primary_key=True),
        sa.Column("doctor", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("speciality", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("registration_fee", sa.BigInteger, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "booking_event",
        sa.Column("seq", NUMBER, sa.Identity(always=False), primary_key=True),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("pending", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("trace", sa.Text, nullable=False),
        sa.Column("why", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_booking_event_order", "booking_event", ["order_id", "seq"])
    op.create_table(
        "booking_hospital",
        sa.Column("institution", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("short_name", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("telephone", sa.Text, nullable=False),
        sa.Column("opens_at", sa.Text, nullable=False),
        sa.Column("closes_at", sa.Text, nullable=False),
        sa.Column("horizon_days", sa.Integer, nullable=False),
        sa.Column("as_of", sa.BigInteger),
    )
    op.create_table(
        "booking_notice",
        sa.Column("seq", NUMBER, sa.Identity(always=False), primary_key=True),
        sa.Column("portal", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("institution", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("words", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_booking_notice_number", "booking_notice", ["portal", "number"])
    op.create_table(
        "booking_notice_count",
        sa.Column("portal", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "booking_order",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("portal", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("book_request", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("institution", sa.Text, nullable=False),
        sa.Column("slot", sa.Text, nullable=False),
        sa.Column("reg_id", sa.Text, nullable=False),
        sa.Column("schedule", sa.Text, nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("doctor", sa.Text, nullable=False),
        sa.Column("date", sa.Text, nullable=False),
        sa.Column("half", sa.Text, nullable=False),
        sa.Column("begins", sa.Text, nullable=False),
        sa.Column("ends", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("booked_for", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("pending", sa.Text, nullable=False),
        sa.Column("wish", sa.Text, nullable=False),
        sa.Column("known", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("registration_fee", sa.BigInteger, nullable=False),
        sa.Column("treatment_fee", sa.BigInteger, nullable=False),
        sa.Column("payable", sa.BigInteger, nullable=False),
        sa.Column("paid", sa.BigInteger, nullable=False),
        sa.Column("refund", sa.BigInteger, nullable=False),
        sa.Column("person_lookup", sa.Text, nullable=False),
        sa.Column("account_lookup", sa.Text, nullable=False),
        sa.Column("hospital_order", sa.Text, nullable=False),
        sa.Column("serial", sa.Text, nullable=False),
        sa.Column("refund_id", sa.Text, nullable=False),
        sa.Column("ended_by", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("person", sa.LargeBinary, nullable=False),
        sa.Column("told", sa.LargeBinary, nullable=False),
        sa.Column("money", sa.LargeBinary, nullable=False),
        sa.Column("words", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("asked", sa.BigInteger),
        sa.Column("expires", sa.BigInteger),
        sa.Column("changed", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_booking_order_account", "booking_order", ["account_lookup", "created"])
    op.create_index("ix_booking_order_day", "booking_order", ["institution", "date", "order_id"])
    op.create_index("ix_booking_order_person", "booking_order", ["person_lookup", "date"])
    op.create_index("ix_booking_order_portal", "booking_order", ["portal", "created", "order_id"])
    op.create_index("ix_booking_order_slot", "booking_order", ["institution", "slot"], sqlite_where=sa.text("state IN ('locked', 'booking', 'booked', 'paid', 'fetched')"), postgresql_where=sa.text("state IN ('locked', 'booking', 'booked', 'paid', 'fetched')"))
    op.create_index("ux_booking_order_book", "booking_order", ["portal", "book_request"], unique=True, sqlite_where=sa.text("book_request <> ''"), postgresql_where=sa.text("book_request <> ''"))
    op.create_index("ux_booking_order_request", "booking_order", ["portal", "request_id"], unique=True)
    op.create_table(
        "booking_slot",
        sa.Column("institution", sa.Text, primary_key=True),
        sa.Column("slot", sa.Text, primary_key=True),
        sa.Column("reg_id", sa.Text, nullable=False),
        sa.Column("schedule", sa.Text, nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("doctor", sa.Text, nullable=False),
        sa.Column("date", sa.Text, nullable=False),
        sa.Column("half", sa.Text, nullable=False),
        sa.Column("begins", sa.Text, nullable=False),
        sa.Column("ends", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("stop", sa.Text, nullable=False),
        sa.Column("registration_fee", sa.BigInteger, nullable=False),
        sa.Column("treatment_fee", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("remaining", sa.BigInteger, nullable=False),
        sa.Column("unlimited", sa.Boolean, nullable=False),
        sa.Column("free", sa.BigInteger, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.Column("sold", sa.BigInteger, nullable=False),
        sa.Column("unsure", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("last_event", sa.BigInteger, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_booking_slot_day", "booking_slot", ["institution", "department", "date"])
    op.create_index("ix_booking_slot_schedule", "booking_slot", ["institution", "schedule"])
    op.create_table(
        "errand",
        sa.Column("seq", NUMBER, sa.Identity(always=False), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("institution", sa.Text, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("wanted", sa.Integer, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("last_error", sa.Text, nullable=False),
    )
    op.create_index("ix_errand_due", "errand", ["due", "seq"])
    op.create_index("ix_errand_institution", "errand", ["institution", "kind"])
    op.create_index("ux_errand_subject", "errand", ["kind", "subject"], unique=True)
    op.create_table(
        "errand_record",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("institution", sa.Text, primary_key=True),
        sa.Column("last_done", sa.BigInteger),
        sa.Column("last_failed", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text, nullable=False),
    )
