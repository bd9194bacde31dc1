"""Role × scope × endpoint, from the OpenAPI document alone.

Every operation is called by a user of every built-in role, and of a role with all rights for each scope, for
a record of his own, of his team, of another team, and of nobody. What must come of it follows from what the
operation declares (`x-right`, `x-of`, `x-beyond`) and from the roles' own data. There is no list of routes
here: a new route is found by itself, and a failure says what it has to declare.
"""

import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest
import pytest_asyncio
import schemathesis
from fake_center import agent_view, call_view
from hypothesis import HealthCheck, Phase, find, settings
from running import SETTINGS, Browser, Running, running
from sqlalchemy import Connection, insert, update

from contactcenter.commands import Refused, SaveInteraction, ShowAgent, ShowCall
from contactcenter.crm import accounts, interactions, roles, schema, teams
from contactcenter.crm.access import CENTER, READING, RIGHTS, SCOPED, Kind, Right, Scope
from contactcenter.crm.roles import Role
from contactcenter.crm.users import User
from contactcenter.http import openapi
from contactcenter.http.server import API
from contactcenter.values import InteractionRecord, frozen

DOCUMENT = openapi.describe(API, SETTINGS.version, SETTINGS.cookie)
CASES = {
    (each.method.upper(), each.path): each
    for each in (found.ok() for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations())
}
RELATIONS = ("own", "team", "other", "pool")
READERS: dict[str, Role] = {role.name: role for role in roles.BUILTIN} | {
    f"all_{scope}": Role(
        name=f"all_{scope}",
        title={"zh": scope, "en": scope},
        rights=RIGHTS - {Right.CALLS_TAKE},
        scopes=dict.fromkeys(SCOPED, scope),
    )
    for scope in Scope
}
TOLD_OF = (Kind.CUSTOMER, Kind.REQUEST, Kind.FOLLOWUP, Kind.INTERACTION, Kind.NOTE)
"""Who looked at such a record, or at what hangs on it, is in the audit log."""
MARK = "zqx"
"""In the text of every record of another team: no answer may have it for who does not see these."""


@frozen
class Operation:
    """One operation, as the document describes it."""

    method: str
    path: str
    right: Right
    of: Kind | None
    beyond: Right | None
    parts: tuple[str, ...]
    listing: bool

    @property
    def label(self) -> str:
        return f"{self.method} {self.path}"


def _operations() -> list[Operation]:
    found = []
    for path, item in DOCUMENT["paths"].items():
        for method, said in item.items():
            parts = tuple(each["name"] for each in said.get("parameters", ()) if each["in"] == "path")
            good = next(answer for status, answer in said["responses"].items() if status < "300")
            answer = good.get("content", {}).get("application/json", {}).get("schema", {})
            properties = _resolved(answer).get("properties", {})
            found.append(
                Operation(
                    method=method.upper(),
                    path=path,
                    right=Right(said["x-right"]),
                    of=Kind(said["x-of"]) if "x-of" in said else None,
                    beyond=Right(said["x-beyond"]) if "x-beyond" in said else None,
                    parts=parts,
                    listing=set(properties) == {"items", "next"},
                )
            )
    return found


def _resolved(schema_: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in schema_:  # whole, or with some fields only
        return _resolved(schema_["anyOf"][0])
    if "$ref" not in schema_:
        return schema_
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][schema_["$ref"].rsplit("/", 1)[1]]
    return found


OPERATIONS = _operations()
GUARDED = [operation for operation in OPERATIONS if operation.right is not Right.PUBLIC]


# --- what must come of it: the model, from declared data only ---


def sees(role: Role, kind: Kind, relation: str) -> bool:
    """Whether the scope alone shows such a record."""
    scope = role.scopes.get(kind, Scope.OWN)
    match relation:
        case "own":
            return True
        case "pool":  # of nobody: anybody's record; but a talk that nobody had is nobody's own
            return scope is not Scope.OWN or kind not in (Kind.INTERACTION, Kind.RECORDING)
        case "team":
            return scope is not Scope.OWN
        case _:
            return scope is Scope.ALL


def exists_for(role: Role, kind: Kind, relation: str) -> bool:
    """Whether such a record exists for a user of this role."""
    if kind in READING and READING[kind] not in role.rights:
        return False
    match kind:
        case Kind.CUSTOMER | Kind.INTERACTION | Kind.RECORDING:
            return sees(role, kind, relation)
        case Kind.REQUEST | Kind.FOLLOWUP:
            through = Right.CUSTOMERS_READ in role.rights and sees(role, Kind.CUSTOMER, relation)
            return relation == "own" or (through and sees(role, kind, relation))
        case Kind.NOTE | Kind.ATTACHMENT | Kind.CONSENT | Kind.RELATION | Kind.MERGE:
            return sees(role, Kind.CUSTOMER, relation)
        case Kind.CALLBACK:
            return sees(role, Kind.INTERACTION, relation)
        case Kind.CALL:
            return relation == "own" or watches(role, relation)
        case Kind.AGENT:
            return watches(role, relation)
        case Kind.USER:
            reached = role.scopes.get(Kind.INTERACTION) is not Scope.OWN and sees(
                role, Kind.INTERACTION, relation
            )
            return relation == "own" or Right.USERS_WRITE in role.rights or reached
        case Kind.CAMPAIGN | Kind.APPOINTMENT | Kind.LEAD | Kind.LIST:
            whole, scope = role.scopes.get(Kind.LEAD), sees(role, Kind.LEAD, relation)
            return relation == "own" or whole is Scope.ALL or (whole is Scope.TEAM and scope)
        case Kind.MINE | Kind.CENTER | Kind.DO_NOT_CALL:
            return True
    raise AssertionError(f"say in `exists_for` of {__file__} who sees a record of the kind {kind}")


def watches(role: Role, relation: str) -> bool:
    """Whether he sees what lives of others."""
    if Right.FLOOR_WATCH not in role.rights or role.scopes.get(Kind.INTERACTION) is Scope.OWN:
        return False
    return relation != "own" and sees(role, Kind.INTERACTION, relation)


# --- the records ---


@dataclass
class World:
    """A running edge with a reader of each role, and records on demand."""

    edge: Running
    programs: dict[str, Browser]
    numbers: Any
    whose: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Record -> owner and team, of all that were made."""

    def login(self, role: Role, relation: str) -> tuple[str, str]:
        """Owner and team of a record of this relation to the reader of the role."""
        return {
            "own": (f"r_{role.name}", "east"),
            "team": ("mate", "east"),
            "other": ("far", "west"),
            "pool": ("", ""),
        }[relation]

    async def make(self, kind: Kind, role: Role, relation: str) -> str:
        """A fresh record, so that what one probe does to it is no other probe's business; answers its id."""
        owner, team = self.login(role, relation)
        n = next(self.numbers)
        id_ = f"{kind}-{n}"
        text = f"{MARK} {relation}" if relation == "other" else relation
        match kind:
            case Kind.CALL:
                view = call_view(id_, agent=owner, state="talking", customer_name=text)
                self.edge.center.calls[id_] = view
                self.edge.center.carry(ShowCall(view=view, owner=owner, team=team))
                return id_
            case Kind.AGENT | Kind.USER:
                alone = "alone" if kind is Kind.AGENT else "idle"
                return owner or alone
            case Kind.MINE | Kind.CENTER:
                return "x1"
        maker = MAKERS.get(kind)
        assert maker, f"make a record of the kind {kind}: add it to MAKERS in {__file__}"
        self.whose[id_] = (owner, team)
        await self.edge.store.write(maker, id_, owner, team, text)
        return id_


def _customer(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    db.execute(
        insert(schema.customers).values(
            id=id_, number=f"n{id_}", name=text, owner=owner, team=team, created_at=1.0, updated_at=1.0
        )
    )


def _interaction(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    record = InteractionRecord(
        id=id_, server="main", leg=f"l-{id_}", did="4001", caller="1", caller_name=text, agent=owner,
        queue="support", outcome="answered", arrived_at=1000.0, final=True,
    )  # fmt: skip
    interactions.write(db, (SaveInteraction(record=record, entries=()),))


def _recording(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    _interaction(db, f"of-{id_}", owner, team, text)
    db.execute(
        insert(schema.recordings).values(
            id=id_, interaction=f"of-{id_}", call="", server="main", queue="support", agent=owner,
            started_at=1000.0, length_s=1.0, silences=[], state="failed", why=text,
        )
    )  # fmt: skip


def _callback(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    _interaction(db, id_, owner, team, text)
    db.execute(
        insert(schema.callbacks).values(
            id=id_, queue="support", number="1", name=text, asked_at=1.0, entered_at=1.0, priority=0.0,
            needs=[], tries=0, due_at=1.0, expires_at=2.0, state="waiting",
        )
    )  # fmt: skip


def _request(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    _customer(db, f"of-{id_}", owner, team, text)
    db.execute(
        insert(schema.requests).values(
            id=id_, number=f"n{id_}", customer_id=f"of-{id_}", subject=text, state="new", priority=2,
            owner=owner, team=team, version=1, opened_at=1.0, updated_at=1.0,
        )
    )  # fmt: skip


def _followup(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    _customer(db, f"of-{id_}", owner, team, text)
    db.execute(
        insert(schema.followups).values(
            id=id_, customer_id=f"of-{id_}", title=text, state="open", owner=owner, team=team, due_at=1.0,
            version=1, created_at=1.0, updated_at=1.0,
        )
    )  # fmt: skip


def _campaign(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    db.execute(
        insert(schema.campaigns).values(
            id=id_, name=f"{text} {id_}", state="draft", mode="preview", profile="CN", queue="support",
            settings={"trunk": "carrier", "caller_ids": []}, owner=owner, team=team, version=1,
            created_at=1.0, updated_at=1.0,
        )
    )  # fmt: skip


def _appointment(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    db.execute(
        insert(schema.appointments).values(
            id=id_, number="+8613800138000", name=text, owner=owner, team=team, queue="support", zone="UTC",
            at=1.0, state="open", history=[], version=1, created_at=1.0, updated_at=1.0,
        )
    )  # fmt: skip


def _list(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    db.execute(
        insert(schema.lists).values(
            id=id_, name=f"{text} {id_}", owner=owner, team=team, version=1, created_at=1.0, updated_at=1.0
        )
    )


def _lead(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    _list(db, f"of-{id_}", owner, team, text)
    db.execute(
        insert(schema.leads).values(
            id=id_, list=f"of-{id_}", name=text, priority=0, state="closed", shelf="99  ", due_at=1.0,
            next_number=0, owner=owner, fields={}, version=1, created_at=1.0, updated_at=1.0,
        )
    )  # fmt: skip


def _do_not_call(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    db.execute(
        insert(schema.do_not_call).values(
            id=id_, number=f"+86{id_}", asked=False, source="other", at=1.0, login=owner
        )
    )


def _note(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    _customer(db, f"of-{id_}", owner, team, text)
    db.execute(
        insert(schema.notes).values(
            id=id_, customer_id=f"of-{id_}", text=text, version=1, created_at=1.0, updated_at=1.0
        )
    )


def _attachment(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    _customer(db, f"of-{id_}", owner, team, text)
    db.execute(
        insert(schema.attachments).values(
            id=id_, customer_id=f"of-{id_}", name=text, media_type="text/plain", bytes=1, sha256="0",
            created_at=1.0,
        )
    )  # fmt: skip


def _consent(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    _customer(db, f"of-{id_}", owner, team, text)
    db.execute(
        insert(schema.consents).values(
            id=id_, customer_id=f"of-{id_}", channel="phone", purpose="any", state="refused", at=1.0,
            evidence=text,
        )
    )  # fmt: skip


def _relation(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    for end in ("from", "to"):
        _customer(db, f"{end}-{id_}", owner, team, text)
    db.execute(
        insert(schema.relations).values(
            id=id_, from_id=f"from-{id_}", to_id=f"to-{id_}", role="colleague", title=text, main=False,
            created_at=1.0,
        )
    )  # fmt: skip


def _merge(db: Connection, id_: str, owner: str, team: str, text: str) -> None:
    for end in ("kept", "gone"):
        _customer(db, f"{end}-{id_}", owner, team, text)
    gone = schema.customers.c.id == f"gone-{id_}"
    db.execute(update(schema.customers).where(gone).values(merged_into=f"kept-{id_}"))
    db.execute(
        insert(schema.merges).values(
            id=id_, kept=f"kept-{id_}", gone=f"gone-{id_}", at=1.0,
            before={"values": {}, "moved": [], "rows": [], "held": {}}, after={"values": {}, "taken": []},
        )
    )  # fmt: skip


MAKERS: dict[Kind, Callable[[Connection, str, str, str, str], None]] = {
    Kind.CUSTOMER: _customer,
    Kind.INTERACTION: _interaction,
    Kind.RECORDING: _recording,
    Kind.CALLBACK: _callback,
    Kind.REQUEST: _request,
    Kind.FOLLOWUP: _followup,
    Kind.CAMPAIGN: _campaign,
    Kind.APPOINTMENT: _appointment,
    Kind.LIST: _list,
    Kind.LEAD: _lead,
    Kind.DO_NOT_CALL: _do_not_call,
    Kind.NOTE: _note,
    Kind.ATTACHMENT: _attachment,
    Kind.CONSENT: _consent,
    Kind.RELATION: _relation,
    Kind.MERGE: _merge,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with running(tmp_path_factory.mktemp("matrix")) as edge:
        await edge.store.write(_populate)
        # Whatever passes the door and the scope comes to the center, which has nobody at a phone.
        edge.center.refusal = Refused(request="", code="illegal_now", message="not now")
        edge.server._edge.live.staffed(await edge.store.read(teams.memberships_of))
        for login in ("mate", "far", "alone"):
            edge.center.agents[login] = agent_view(login, queues=("support",))
            edge.center.carry(ShowAgent(view=edge.center.agents[login]))
        programs = {}
        for name in READERS:
            token = await edge.token(f"r_{name}")
            programs[name] = edge.browser(Authorization=f"Bearer {token}")
        try:
            yield World(edge, programs, itertools.count(1))
        finally:
            for program in programs.values():
                await program.http.close()


def _populate(db: Connection) -> None:
    for role in READERS.values():
        if not role.builtin:
            roles.put(db, role, by=CENTER, at=1.0)
    for name in ("east", "west"):
        teams.put(db, name, {"zh": name, "en": name}, by=CENTER, at=1.0)
    staff = {f"r_{name}": (name, ("east",)) for name in READERS} | {
        "mate": ("agent", ("east",)), "far": ("agent", ("west",)),
        "alone": ("agent", ()), "idle": ("supervisor", ()),
    }  # fmt: skip
    for login, (role_name, mine) in staff.items():
        account = accounts.Account(user=User(login=login, name=login, role=role_name), teams=mine)
        accounts.create(db, account, "no hash", by=CENTER, at=1.0)


# --- the matrix ---


@frozen
class Sample:
    """A query and a body that the document allows, and little in them."""

    query: dict[str, Any]
    body: Any = None


@cache
def sample_of(operation: Operation) -> Sample:
    """What to send: the first that is thought of is as simple as can be."""
    case = find(
        CASES[operation.method, operation.path].as_strategy(),
        lambda case: True,
        settings=settings(database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)),
    )
    body = case.body if isinstance(case.body, dict | list) else None
    return Sample(query=dict(case.query or {}), body=body)


@pytest.mark.parametrize("operation", GUARDED, ids=lambda operation: operation.label)
def test_an_operation_says_what_its_path_names(operation: Operation) -> None:
    assert (operation.of is not None) == bool(operation.parts), (
        f"{operation.label}: say what {{{operation.parts[0] if operation.parts else ''}}} names, by "
        "`of=Kind.…` in the route's declaration. A record: its kind. A part of one's own things: Kind.MINE. "
        "Of the center as a whole: Kind.CENTER."
    )


@pytest.mark.parametrize("operation", GUARDED, ids=lambda operation: operation.label)
@pytest.mark.asyncio(loop_scope="module")
async def test_who_may_and_who_may_not(world: World, operation: Operation) -> None:
    sample = sample_of(operation)
    wrong = []
    for role in READERS.values():
        relations = RELATIONS if operation.right in role.rights | {Right.SIGNED_IN} else ("own",)
        for relation in relations:
            if operation.of in (None, Kind.MINE, Kind.CENTER) and relation != "own":
                continue
            if operation.of is Kind.AGENT and relation == "own":
                continue
            status, code, text = await _probe(world, operation, role, relation, sample)
            if said := _complaint(operation, role, relation, status, code, text):
                wrong.append(f"{role.name}, {relation}: {said}")
    assert not wrong, f"{operation.label} (right {operation.right}, of {operation.of})\n" + "\n".join(wrong)


async def _probe(
    world: World, operation: Operation, role: Role, relation: str, sample: Sample
) -> tuple[int, str, str]:
    """Status, problem's code and whole text of one call."""
    path = operation.path
    for place, part in enumerate(operation.parts):
        id_ = await world.make(operation.of or Kind.CENTER, role, relation) if place == 0 else "x1"
        path = path.replace(f"{{{part}}}", id_)
    program = world.programs[role.name]
    sent: dict[str, Any] = {"params": sample.query}
    if sample.body is not None:
        sent["json"] = sample.body
    while True:
        async with program.http.request(operation.method, path, **sent) as answer:
            text = (await answer.read()).decode(errors="replace")
            problem = answer.content_type == "application/problem+json"
            code = (await answer.json(content_type=None))["code"] if problem else ""
            if code != "store_unavailable":  # a machine with more to do than this: one asks again
                return answer.status, code, text


def _complaint(operation: Operation, role: Role, relation: str, status: int, code: str, text: str) -> str:
    """What is wrong with the answer; empty when nothing is."""
    if status >= 500:
        return f"{status} {text[:200]}"
    has = operation.right is Right.SIGNED_IN or operation.right in role.rights
    if (code == "forbidden") == has:
        return f"{status} {code}, but the role {'has' if has else 'lacks'} {operation.right}"
    if not has or operation.of is None:
        return ""
    if operation.of is Kind.CALL and operation.right is not Right.SIGNED_IN and relation == "own":
        relation = "team"  # to steer is to steer another's call, and his own is one of his team's
    exists = exists_for(role, operation.of, relation)
    if not exists:
        # What the body lacks may be said first: that says nothing of the record.
        hidden = (404, 422) if operation.method in ("POST", "PUT", "PATCH") else (404,)
        if operation.of in (Kind.CALL, Kind.AGENT) and code == "out_of_scope":
            return ""
        if status not in hidden or MARK in text:
            return f"{status} {code}, but he does not see it: 404. Ask `access.visible` for the record"
    elif operation.beyond and operation.beyond not in role.rights:
        if status != 403:
            return f"{status} {code}, but the role lacks {operation.beyond}: 403"
    elif operation.of not in (Kind.MINE, Kind.CENTER) and len(operation.parts) == 1 and status in (403, 404):
        return f"{status} {code}, but he sees it"
    return ""


# --- lists ---

ONE = {
    operation.path.rsplit("/", 1)[0]: operation
    for operation in OPERATIONS
    if operation.method == "GET" and len(operation.parts) == 1 and operation.path.endswith("}")
}
"""Path of a list -> the operation that reads one of its records."""
BY_KIND = {operation.of: operation for operation in ONE.values() if operation.of in READING}
LISTS = [operation for operation in GUARDED if operation.method == "GET" and operation.listing]
assert LISTS


@pytest.mark.parametrize("operation", LISTS, ids=lambda operation: operation.label)
@pytest.mark.asyncio(loop_scope="module")
async def test_no_list_has_what_its_reader_could_not_read(world: World, operation: Operation) -> None:
    sample = sample_of(operation)
    for role in READERS.values():
        if operation.right not in role.rights | {Right.SIGNED_IN}:
            continue
        for kind, relation in itertools.product(MAKERS, ("own", "other")):
            await world.make(kind, role, relation)
        for relation in RELATIONS if operation.of in MAKERS else ("own",):
            for limit in ({"limit": 200}, {}):
                query = sample.query | limit
                status, _, text = await _probe(world, operation, role, relation, replace(sample, query=query))
                if status != 422:
                    break
            for item in _unlike(world, json.loads(text)["items"] if status == 200 else []):
                await _check_item(world, operation, role, item)
            if all(role.scopes.get(kind) is not Scope.ALL for kind in SCOPED):
                assert MARK not in text, f"{operation.label} shows {role.name} a record of another team"


ALIKE = 3
"""So many of those that are alike are read one by one."""
ALIKE_IN = (
    *("kind", "owner", "team", "agent", "name", "caller_name", "subject", "title", "text", "evidence"),
    *("login", "by", "act", "type"),
)


def _unlike(world: World, items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Some of each kind and owner: there are hundreds by now, and each that is left is a request."""
    seen = Counter[tuple[str, ...]]()
    for item in items:
        told_of = "-".join(str(item.get("object") or item.get("record_id") or "").split("-")[-2:])
        alike = (*(str(item.get(each)) for each in ALIKE_IN), *world.whose.get(told_of, ()))
        seen[alike] += 1
        if seen[alike] <= ALIKE:
            yield item


async def _check_item(world: World, operation: Operation, role: Role, item: dict[str, Any]) -> None:
    one = ONE.get(operation.path)
    if one is None and item.get("kind") in {kind.value for kind in BY_KIND if kind}:
        one = BY_KIND[Kind(item["kind"])]
    if one is None or one.right not in role.rights | {Right.SIGNED_IN}:
        return
    names = (one.parts[0], "id", "object", "record_id")
    id_ = next((item[name] for name in names if name in item), None)
    if id_ is None and one.of not in READING:
        return
    path = one.path.replace(f"{{{one.parts[0]}}}", str(id_))
    status, found = await world.programs[role.name].call("GET", path)
    if status == 404 and {"object", "record_id"} & set(item):
        status, _ = await world.programs["all_all"].call("GET", path)
        if status == 404:
            return  # a log tells of what is gone for everybody, too
        status = 404
    assert status == 200, f"{operation.label} gives {role.name} {id_}, and {path} answers {status} {found}"


# --- who saw what ---

SHOWING = [
    operation
    for operation in GUARDED
    if operation.method == "GET" and operation.path.startswith("/api/") and operation.of in TOLD_OF
]
assert len(SHOWING) > len(TOLD_OF)


@pytest.mark.parametrize("operation", SHOWING, ids=lambda operation: operation.label)
@pytest.mark.asyncio(loop_scope="module")
async def test_who_looks_at_a_record_is_in_the_audit_log(world: World, operation: Operation) -> None:
    assert operation.of
    role = READERS["all_all"]
    id_ = await world.make(operation.of, role, "other")
    path = operation.path.replace(f"{{{operation.parts[0]}}}", id_)
    for _ in range(2):
        assert (await world.programs[role.name].call("GET", path))[0] == 200
    await world.edge.store.settled()
    asked = {"object": id_, "act": "open", "login": f"r_{role.name}"}
    rows = (await world.programs[role.name].get("/api/audit", **asked))["items"]
    assert [row["kind"] for row in rows] == [operation.of.value]
