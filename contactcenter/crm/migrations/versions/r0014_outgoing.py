"""Outgoing calls: campaigns, lists and leads, attempts, do-not-call, appointments; and who may do what."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

# What an attempt was does not change once it is over (what the agent says of it may still come), and its
# record stays as long as the law wants it. Whoever asked not to be called is never taken off the list: his
# number may only become its blind index. In the database itself: against every program that ever opens it.
KEPT = {
    "sqlite": (
        """CREATE TRIGGER attempts_over BEFORE UPDATE OF
        id, campaign, list, lead, number, position, shows, mode, profile, trunk, server, reserved, state,
        detects, marketing, zones, regions,
        saved_at, placed_at, rang_at, answered_at, heard, greeting_ended_at, joined_at, message_at, message,
        opted_out_at, ended_at, cause, outcome, refusal, agent, interaction, consent, national_list_at,
        kept_until ON attempts WHEN OLD.state = 'over'
        BEGIN SELECT RAISE(ABORT, 'an attempt that is over never changes'); END""",
        """CREATE TRIGGER attempts_delete BEFORE DELETE ON attempts
        WHEN OLD.kept_until > unixepoch()
        BEGIN SELECT RAISE(ABORT, 'the record of an attempt is kept for as long as the law says'); END""",
        # INSERT OR REPLACE deletes without asking the trigger above.
        """CREATE TRIGGER attempts_insert BEFORE INSERT ON attempts
        WHEN EXISTS (SELECT 1 FROM attempts WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'an attempt is made once'); END""",
        """CREATE TRIGGER do_not_call_delete BEFORE DELETE ON do_not_call WHEN OLD.asked
        BEGIN SELECT RAISE(ABORT, 'who asked not to be called is never called'); END""",
        """CREATE TRIGGER do_not_call_update BEFORE UPDATE ON do_not_call WHEN OLD.asked AND NOT (
        NEW.asked AND NEW.id = OLD.id AND ((NEW.number = OLD.number AND NEW.blind = OLD.blind)
        OR (NEW.number = '' AND NEW.blind <> '')))
        BEGIN SELECT RAISE(ABORT, 'who asked not to be called is never called'); END""",
        """CREATE TRIGGER do_not_call_insert BEFORE INSERT ON do_not_call
        WHEN EXISTS (SELECT 1 FROM do_not_call WHERE id = NEW.id OR (number = NEW.number AND number <> ''))
        BEGIN SELECT RAISE(ABORT, 'this number is on the list'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION attempts_are_kept() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the record of an attempt is kept for as long as the law says'
        USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        """CREATE FUNCTION attempts_stay() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'an attempt that is over never changes'
        USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        """CREATE FUNCTION refusals_stay() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'who asked not to be called is never called'
        USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        """CREATE TRIGGER attempts_over BEFORE UPDATE OF
        id, campaign, list, lead, number, position, shows, mode, profile, trunk, server, reserved, state,
        detects, marketing, zones, regions,
        saved_at, placed_at, rang_at, answered_at, heard, greeting_ended_at, joined_at, message_at, message,
        opted_out_at, ended_at, cause, outcome, refusal, agent, interaction, consent, national_list_at,
        kept_until ON attempts
        FOR EACH ROW WHEN (OLD.state = 'over') EXECUTE FUNCTION attempts_stay()""",
        """CREATE TRIGGER attempts_delete BEFORE DELETE ON attempts FOR EACH ROW
        WHEN (OLD.kept_until > extract(epoch FROM now())) EXECUTE FUNCTION attempts_are_kept()""",
        """CREATE TRIGGER attempts_truncate BEFORE TRUNCATE ON attempts
        FOR EACH STATEMENT EXECUTE FUNCTION attempts_are_kept()""",
        """CREATE TRIGGER do_not_call_delete BEFORE DELETE ON do_not_call
        FOR EACH ROW WHEN (OLD.asked) EXECUTE FUNCTION refusals_stay()""",
        """CREATE TRIGGER do_not_call_truncate BEFORE TRUNCATE ON do_not_call
        FOR EACH STATEMENT EXECUTE FUNCTION refusals_stay()""",
        """CREATE TRIGGER do_not_call_update BEFORE UPDATE ON do_not_call FOR EACH ROW
        WHEN (OLD.asked AND NOT (
        NEW.asked AND NEW.id = OLD.id AND ((NEW.number = OLD.number AND NEW.blind = OLD.blind)
        OR (NEW.number = '' AND NEW.blind <> '')))) EXECUTE FUNCTION refusals_stay()""",
    ),
}
# What the built-in roles may do and see besides. Whoever edited them keeps that.
RIGHTS = {
    "agent": ("appointments.read", "appointments.write", "do_not_call.write", "leads.read", "leads.write"),
    "senior_agent": (
        "appointments.read", "appointments.write", "campaigns.read", "do_not_call.read", "do_not_call.write",
        "leads.read", "leads.write",
    ),
    "supervisor": (
        "appointments.read", "appointments.write", "campaigns.manage", "campaigns.read", "do_not_call.read",
        "do_not_call.write", "leads.import", "leads.read", "leads.write",
    ),
    "sales": ("appointments.read", "appointments.write", "do_not_call.write", "leads.read", "leads.write"),
    "service": ("appointments.read", "appointments.write", "do_not_call.read", "do_not_call.write"),
    "quality": ("appointments.read", "campaigns.read", "do_not_call.read", "leads.read"),
    "admin": (
        "appointments.read", "appointments.write", "campaigns.manage", "campaigns.read", "do_not_call.manage",
        "do_not_call.read", "do_not_call.write", "leads.import", "leads.read", "leads.write",
    ),
    "auditor": ("appointments.read", "campaigns.read", "do_not_call.read", "leads.read"),
}  # fmt: skip
SCOPES = {"senior_agent": "team", "supervisor": "team", "quality": "all", "admin": "all", "auditor": "all"}


def upgrade() -> None:
    """Nothing was there before; interactions say by which campaign they came about."""
    for name in ("campaign", "lead", "attempt"):
        op.add_column("interactions", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.create_index(
        "ix_interactions_campaign",
        "interactions",
        ["campaign", "arrived_at"],
        unique=False,
        sqlite_where=sa.text("campaign <> ''"),
        postgresql_where=sa.text("campaign <> ''"),
    )
    op.add_column("callbacks", sa.Column("appointment", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "appointments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("lead", sa.Text(), server_default="", nullable=False),
        sa.Column("customer", sa.Text(), server_default="", nullable=False),
        sa.Column("campaign", sa.Text(), server_default="", nullable=False),
        sa.Column("queue", sa.Text(), server_default="", nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("team", sa.Text(), server_default="", nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("remind_at", sa.Double(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("interaction", sa.Text(), server_default="", nullable=False),
        sa.Column("attempt", sa.Text(), server_default="", nullable=False),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
    )
    op.create_index(op.f("ix_appointments_at_id"), "appointments", ["at", "id"], unique=False)
    op.create_index(
        "ix_appointments_customer",
        "appointments",
        ["customer"],
        unique=False,
        sqlite_where=sa.text("customer <> ''"),
        postgresql_where=sa.text("customer <> ''"),
    )
    op.create_index(
        "ix_appointments_lead",
        "appointments",
        ["lead"],
        unique=False,
        sqlite_where=sa.text("lead <> ''"),
        postgresql_where=sa.text("lead <> ''"),
    )
    op.create_index(
        op.f("ix_appointments_owner_state_at"), "appointments", ["owner", "state", "at"], unique=False
    )
    op.create_index(
        "ix_appointments_remind_at",
        "appointments",
        ["remind_at"],
        unique=False,
        sqlite_where=sa.text("remind_at IS NOT NULL"),
        postgresql_where=sa.text("remind_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_appointments_state_at_id"), "appointments", ["state", "at", "id"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("shows", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("trunk", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), server_default="", nullable=False),
        sa.Column("reserved", sa.Boolean(), nullable=False),
        sa.Column("detects", sa.Boolean(), nullable=False),
        sa.Column("marketing", sa.Boolean(), nullable=False),
        sa.Column("zones", sa.Text(), server_default="", nullable=False),
        sa.Column("regions", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.Double(), nullable=False),
        sa.Column("placed_at", sa.Double(), nullable=True),
        sa.Column("rang_at", sa.Double(), nullable=True),
        sa.Column("answered_at", sa.Double(), nullable=True),
        sa.Column("heard", sa.Text(), server_default="", nullable=False),
        sa.Column("greeting_ended_at", sa.Double(), nullable=True),
        sa.Column("joined_at", sa.Double(), nullable=True),
        sa.Column("message_at", sa.Double(), nullable=True),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("opted_out_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("cause", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("refusal", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("agent", sa.Text(), server_default="", nullable=False),
        sa.Column("interaction", sa.Text(), server_default="", nullable=False),
        sa.Column("disposition", sa.Text(), server_default="", nullable=False),
        sa.Column("consent", sa.Text(), server_default="", nullable=False),
        sa.Column("national_list_at", sa.Double(), nullable=True),
        sa.Column("kept_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(
        "ix_attempts_agent",
        "attempts",
        ["agent", "saved_at"],
        unique=False,
        sqlite_where=sa.text("agent <> ''"),
        postgresql_where=sa.text("agent <> ''"),
    )
    op.create_index(
        op.f("ix_attempts_campaign_saved_at_id"), "attempts", ["campaign", "saved_at", "id"], unique=False
    )
    op.create_index(op.f("ix_attempts_kept_until"), "attempts", ["kept_until"], unique=False)
    op.create_index(op.f("ix_attempts_lead_saved_at"), "attempts", ["lead", "saved_at"], unique=False)
    op.create_index(op.f("ix_attempts_number_saved_at"), "attempts", ["number", "saved_at"], unique=False)
    op.create_index(
        "uq_attempts_open",
        "attempts",
        ["number"],
        unique=True,
        sqlite_where=sa.text("state <> 'over'"),
        postgresql_where=sa.text("state <> 'over'"),
    )
    op.create_table(
        "caller_ids",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.Double(), nullable=True),
        sa.Column("verified_by", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_caller_ids")),
    )
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), server_default="", nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("team", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("name", name=op.f("uq_campaigns_name")),
    )
    op.create_index(op.f("ix_campaigns_state"), "campaigns", ["state"], unique=False)
    op.create_index(op.f("ix_campaigns_updated_at_id"), "campaigns", ["updated_at", "id"], unique=False)
    op.create_table(
        "do_not_call",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), server_default="", nullable=False),
        sa.Column("blind", sa.Text(), server_default="", nullable=False),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("campaign", sa.Text(), server_default="", nullable=False),
        sa.Column("attempt", sa.Text(), server_default="", nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_do_not_call")),
    )
    op.create_index(op.f("ix_do_not_call_at_id"), "do_not_call", ["at", "id"], unique=False)
    op.create_index(
        "uq_do_not_call_blind",
        "do_not_call",
        ["blind"],
        unique=True,
        sqlite_where=sa.text("blind <> ''"),
        postgresql_where=sa.text("blind <> ''"),
    )
    op.create_index(
        "uq_do_not_call_number",
        "do_not_call",
        ["number"],
        unique=True,
        sqlite_where=sa.text("number <> ''"),
        postgresql_where=sa.text("number <> ''"),
    )
    op.create_table(
        "lists",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("consent", sa.Text(), server_default="", nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("team", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lists")),
        sa.UniqueConstraint("name", name=op.f("uq_lists_name")),
    )
    op.create_index(op.f("ix_lists_updated_at_id"), "lists", ["updated_at", "id"], unique=False)
    op.create_table(
        "national_lists",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("fetched_at", sa.Double(), nullable=True),
        sa.Column("numbers", sa.BigInteger(), nullable=False),
        sa.Column("loading", sa.Integer(), nullable=True),
        sa.Column("loading_fetched_at", sa.Double(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_national_lists")),
    )
    op.create_table(
        "campaign_days",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("counted", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign"], ["campaigns.id"], name=op.f("fk_campaign_days_campaign"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign", "day", "outcome", "counted", name=op.f("pk_campaign_days")),
    )
    op.create_table(
        "campaign_samples",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("detection", sa.Text(), nullable=False),
        sa.Column("heard", sa.Integer(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign"], ["campaigns.id"], name=op.f("fk_campaign_samples_campaign"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_samples")),
    )
    op.create_index(
        op.f("ix_campaign_samples_campaign_detection"),
        "campaign_samples",
        ["campaign", "detection"],
        unique=False,
    )
    op.create_table(
        "campaign_lists",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("credit", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign"], ["campaigns.id"], name=op.f("fk_campaign_lists_campaign"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["list"], ["lists.id"], name=op.f("fk_campaign_lists_list")),
        sa.PrimaryKeyConstraint("campaign", "list", name=op.f("pk_campaign_lists")),
    )
    op.create_index(op.f("ix_campaign_lists_list"), "campaign_lists", ["list"], unique=False)
    op.create_table(
        "leads",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("customer", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("shelf", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("zone", sa.Text(), server_default="", nullable=False),
        sa.Column("region", sa.Text(), server_default="", nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("consent", sa.Text(), server_default="", nullable=False),
        sa.Column("consent_at", sa.Double(), nullable=True),
        sa.Column("dropped_at", sa.Double(), nullable=True),
        sa.Column("campaign", sa.Text(), server_default="", nullable=False),
        sa.Column("leased_until", sa.Double(), nullable=True),
        sa.Column("last_attempt", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["list"], ["lists.id"], name=op.f("fk_leads_list")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
    )
    op.create_index(
        "ix_leads_customer",
        "leads",
        ["customer"],
        unique=False,
        sqlite_where=sa.text("customer <> ''"),
        postgresql_where=sa.text("customer <> ''"),
    )
    op.create_index(
        "ix_leads_leased",
        "leads",
        ["leased_until"],
        unique=False,
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(op.f("ix_leads_list_created_at_id"), "leads", ["list", "created_at", "id"], unique=False)
    op.create_index(
        op.f("ix_leads_list_state_shelf_due_at_id"),
        "leads",
        ["list", "state", "shelf", "due_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_leads_owner",
        "leads",
        ["owner"],
        unique=False,
        sqlite_where=sa.text("owner <> ''"),
        postgresql_where=sa.text("owner <> ''"),
    )
    op.create_table(
        "national_numbers",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["list"], ["national_lists.name"], name=op.f("fk_national_numbers_list"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", "list", "edition", name=op.f("pk_national_numbers")),
    )
    op.create_index(
        op.f("ix_national_numbers_list_edition"), "national_numbers", ["list", "edition"], unique=False
    )
    op.create_table(
        "lead_numbers",
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("zones", sa.JSON(), nullable=False),
        sa.Column("regions", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lead"], ["leads.id"], name=op.f("fk_lead_numbers_lead"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("lead", "position", name=op.f("pk_lead_numbers")),
    )
    op.create_index(op.f("ix_lead_numbers_number"), "lead_numbers", ["number"], unique=False)
    for statement in KEPT[op.get_bind().dialect.name]:
        op.execute(statement)
    _give_rights()


def _give_rights() -> None:
    db = op.get_bind()
    roles = sa.table(
        "roles", sa.column("name"), sa.column("rights", sa.JSON()), sa.column("scopes", sa.JSON())
    )
    for row in db.execute(sa.select(roles).where(roles.c.name.in_(RIGHTS))).all():
        rights = sorted({*row.rights, *RIGHTS[row.name]})
        scopes = {**row.scopes, "lead": SCOPES.get(row.name, "own")}
        db.execute(sa.update(roles).where(roles.c.name == row.name).values(rights=rights, scopes=scopes))
