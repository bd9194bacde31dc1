"""The tables: one schema for SQLite and PostgreSQL.

Times are seconds since the epoch, UTC; money is whole minor units (fen, cents). A change here needs a
migration beside it (`migrations/`); a test compares the two.
"""

from contactcenter.crm.schema.base import metadata
from contactcenter.crm.schema.calls import (
    callbacks,
    corrections,
    interactions,
    intervals,
    recordings,
    timeline,
    workers,
)
from contactcenter.crm.schema.customers import (
    addresses,
    assignments,
    attachments,
    consents,
    custom_values,
    customers,
    duplicates,
    fields,
    links,
    merges,
    name_keys,
    notes,
    ownerships,
    relations,
    root_of_row,
    tags,
)
from contactcenter.crm.schema.finding import document_words, documents
from contactcenter.crm.schema.ground import (
    audit,
    changes,
    configurations,
    idempotency,
    import_mappings,
    import_rejects,
    imports,
    outbox,
    saved_views,
    settings,
)
from contactcenter.crm.schema.outgoing import (
    appointments,
    attempts,
    caller_ids,
    campaign_days,
    campaign_lists,
    campaign_samples,
    campaigns,
    do_not_call,
    lead_numbers,
    leads,
    lists,
    national_lists,
    national_numbers,
)
from contactcenter.crm.schema.service import followups, request_steps, requests
from contactcenter.crm.schema.staff import memberships, roles, sessions, teams, tokens, users

__all__ = [
    "addresses", "appointments", "assignments", "attachments", "attempts", "audit", "callbacks",
    "caller_ids", "campaign_days", "campaign_lists", "campaign_samples", "campaigns", "changes",
    "configurations", "consents", "corrections", "custom_values", "customers", "do_not_call",
    "document_words", "documents",
    "duplicates", "fields", "followups", "idempotency", "import_mappings", "import_rejects", "imports",
    "interactions", "intervals", "lead_numbers", "leads", "links", "lists", "memberships", "merges",
    "metadata", "name_keys", "national_lists", "national_numbers", "notes", "outbox", "ownerships",
    "recordings", "relations", "request_steps", "requests", "roles", "root_of_row", "saved_views",
    "sessions", "settings", "tags", "teams", "timeline", "tokens", "users", "workers",
]  # fmt: skip
