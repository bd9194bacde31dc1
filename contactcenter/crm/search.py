"""Search: one box for everything that has a name, a number or a text.

The index (`indexing.py`) gives the records that hold every word of the question, the last touched first and
no more than `LOOKED_AT`; these are read with `access.visible` and put in order by what of them matches. So a
question is as quick for a million customers as for a thousand, and one that fits thousands shows the newest.
Scope words narrow the index first, or a reader of few records would find none among the many of others.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    text,
    union,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from contactcenter.crm import access, indexing, roots, words
from contactcenter.crm.access import Kind, Reader, Scope
from contactcenter.crm.errors import Refusal
from contactcenter.crm.indexing import IDS, STATEMENTS
from contactcenter.crm.relevance import NONE, Asked, Match
from contactcenter.crm.roots import merged_into
from contactcenter.crm.schema import (
    addresses,
    assignments,
    customers,
    document_words,
    documents,
    interactions,
    root_of_row,
    tags,
    workers,
)
from contactcenter.crm.words import Term
from contactcenter.values import frozen

LOOKED_AT = 60
"""Records that are read for one question: more than anybody scrolls through in a box."""
SHOWN = 20
LONGEST = 200
"""Characters of a question."""
OWN_CALLS = 300
"""A reader's last calls whose customers he finds without owning them: a week's of a busy agent."""
DEPTHS = (0, 1, 2)
"""How far the words of a question are taken: as whole words of names and numbers, as beginnings, in texts."""
_QUOTED = re.compile(r"[^\W_]+\*?")
EVERYBODYS = ""
"""Instead of a word that says whose a record is: any."""
KINDS = {Kind.CUSTOMER: "kcustomer", Kind.REQUEST: "krequest", Kind.FOLLOWUP: "kfollowup"}


@frozen
class Hit:
    """One record that was found."""

    kind: str
    """customer, request, followup."""
    id: str
    title: str
    number: str = ""
    """The account's or the request's."""
    detail: str = ""
    """A second line: company, main telephone number, state."""
    customer: str = ""
    """Whose it is, for what hangs on a customer."""
    field: str = ""
    """Where the question was found: name, number, phone, email, note …"""
    excerpt: str = ""
    """What stands there, when it isn't on the lines above."""
    score: int = 0
    """How well it matches, 0 to 100: whole before beginning before within, names and numbers before texts."""


@frozen
class Found:
    """The answer to a question, the best first."""

    hits: tuple[Hit, ...]
    count: int
    """How many records match, `more` aside."""
    more: bool
    """Whether there may be others: the question is too wide to be looked through."""


def find(
    db: Connection,
    reader: Reader,
    question: str,
    *,
    kinds: Collection[str] = (),
    limit: int = SHOWN,
) -> Found:
    """What `question` finds of the reader's records. Raises `Refusal` for a question that is too long or
    holds nothing to look for, and for an unknown kind."""
    if len(question) > LONGEST:
        raise Refusal(f"at most {LONGEST} characters", code="too_long", field="q")
    terms = words.asked(question)
    if not terms:
        raise Refusal(
            f"type a name, or at least {words.LEAST_DIGITS} digits of a number",
            code="nothing_to_find",
            field="q",
        )
    unknown = set(kinds) - {str(kind) for kind in KINDS}
    if unknown:
        raise Refusal(f"one of {', '.join(KINDS)}", field="kinds")
    wanted = [kind for kind in KINDS if (not kinds or kind in kinds) and reader.may(access.READING[kind])]
    if db.dialect.name == "postgresql":
        # Its planner takes the making of a document's vector for as cheap as an addition, and would rather
        # make those of all documents than look into the index.
        db.execute(text("SET LOCAL enable_seqscan = off"))
    places: dict[Kind, list[str]] = defaultdict(list)
    total = 0
    for kind, id_ in _candidates(db, reader, terms, wanted):
        places[kind].append(id_)
        total += 1
    asked = Asked(words.folded(question).strip(), terms)
    ranked = [each for kind, ids in places.items() for each in _READ[kind](db, reader, ids, asked)]
    ranked.sort(key=lambda each: (-each.score, -each.at, each.hit.id))
    return Found(hits=tuple(each.hit for each in ranked[:limit]), count=len(ranked), more=total >= LOOKED_AT)


def _candidates(
    db: Connection, reader: Reader, terms: Sequence[Term], kinds: Sequence[Kind]
) -> dict[tuple[Kind, str], None]:
    """Records that hold every term: whole words of names and numbers first, then beginnings, then texts."""
    if not kinds:
        return {}
    # Of a question that finds few records at all, these are read, whosever they are: that is soon done.
    everybodys = _found(db, terms, DEPTHS[-1], "")
    if len(everybodys) < LOOKED_AT:
        return {each: None for each in everybodys if each[0] in kinds}
    found: dict[tuple[Kind, str], None] = {}
    whose = _whose(reader, kinds)
    narrow = Kind.CUSTOMER in kinds and reader.scope(Kind.CUSTOMER) is not Scope.ALL
    callers = _of_callers(db, reader, terms) if narrow else {}
    # If the widest way finds no more than are looked at, it finds what the others do.
    widest = _found(db, terms, DEPTHS[-1], whose) if whose else everybodys
    for depth in DEPTHS:
        if depth == DEPTHS[-1]:
            found |= widest
        elif len(widest) >= LOOKED_AT:
            found |= _found(db, terms, depth, whose)
        found |= dict.fromkeys((Kind.CUSTOMER, id_) for id_, at in callers.items() if at == depth)
        if len(found) >= LOOKED_AT:
            break
    return dict(list(found.items())[:LOOKED_AT])


def _found(db: Connection, terms: Sequence[Term], depth: int, whose: str) -> dict[tuple[Kind, str], None]:
    """The last touched of the records that hold every term at this depth."""
    ways = [_any(_forms(term, depth)) for term in terms]
    rows = db.execute(*_documents(db, _all([*ways, whose] if whose else ways)))
    return {(Kind(kind), record): None for kind, record in rows}


def _of_callers(db: Connection, reader: Reader, terms: Sequence[Term]) -> dict[str, int]:
    """Of the customers whose caller the reader had lately, those that hold every term, each with the depth at
    which it does: he finds them as `access.visible` shows them, whosever they are.

    Begun from his calls and not from the index, which would go through everybody's records for a word that is
    frequent, to find the few that are his.
    """
    widest = [[_written(form).rstrip() for form in _forms(term, DEPTHS[-1])] for term in terms]
    query = _callers(tuple(map(len, widest)), db.dialect.name)
    asked = {f"form_{at}_{place}": form for at, some in enumerate(widest) for place, form in enumerate(some)}
    ways = [[[_written(form) for form in _forms(term, depth)] for term in terms] for depth in DEPTHS]
    found: dict[str, int] = {}
    for id_, words_ in db.execute(query, asked | {"login": reader.login, "ids": sorted(reader.attending)}):
        held = f" {words_} "
        for depth, all_of in zip(DEPTHS, ways, strict=True):
            if all(any(form in held for form in any_of) for any_of in all_of):
                found[id_] = depth
                break
    return found


def _written(form: str) -> str:
    """How a form stands in a document between spaces."""
    return f" {form[:-1]}" if form.endswith("*") else f" {form} "


@lru_cache(maxsize=STATEMENTS)
def _callers(forms: tuple[int, ...], engine: str) -> Select[Any]:
    """The documents of the customers whose caller a reader has on his page, or had lately, that hold one of
    so many forms of each term."""
    last = (
        select(workers.c.interaction_id)
        .where(workers.c.login == bindparam("login"))
        .order_by(workers.c.arrived_at.desc())
        .limit(OWN_CALLS)
        .subquery()
    )
    called = (
        select(root_of_row(customers))
        .select_from(last)
        .join(interactions, interactions.c.id == last.c.interaction_id)
        .outerjoin(assignments, assignments.c.interaction == interactions.c.id)
        .join(customers, customers.c.id == func.coalesce(assignments.c.customer_id, interactions.c.customer))
    )
    attending = select(customers.c.id).where(customers.c.id.in_(IDS))
    within = func.strpos if engine == "postgresql" else func.instr
    return (
        select(documents.c.record_id, documents.c.words)
        .where(
            documents.c.kind == Kind.CUSTOMER.value,
            documents.c.record_id.in_(union(called, attending)),
            *(
                or_(*(within(documents.c.words, bindparam(f"form_{at}_{each}")) > 0 for each in range(count)))
                for at, count in enumerate(forms)
            ),
        )
        .order_by(documents.c.id.desc())
    )


# --- the question, in words of the index ---


def _forms(term: Term, depth: int) -> list[str]:
    """The words of the index that the term may stand for, each with `*` if it may only begin so."""
    if term.email:
        return [f"e{term.word}*"]
    if term.number:
        numbers = [f"d{digits}*" for digits in words.number_readings(term.word)]
        return numbers if depth < 2 else [*numbers, f"n{term.word}", f"t{term.word}*"]
    star = "*" if term.prefix and depth > 0 else ""
    forms = [f"n{term.word}{star}"]
    if depth > 0 and term.word.isalnum() and any(c.isdigit() for c in term.word):
        forms.append(f"d{term.word}*")
    return forms if depth < 2 else [*forms, f"t{term.word}{star}"]


def _whose(reader: Reader, kinds: Sequence[Kind]) -> str:
    """The documents of these kinds that the reader's scope lets him find; empty: all of the index.

    Each word of it costs as much as one that was typed: what holds for all kinds is said once, without them.
    """
    of: dict[str, list[str]] = defaultdict(list)
    for kind in kinds:
        for owner in _owners(reader, reader.scope(kind)):
            of[owner].append(KINDS[kind])
    among: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for owner, some in of.items():
        among[tuple(some)].append(owner)
    ways = []
    for kinds_, owners in among.items():
        limits = [] if len(kinds_) == len(KINDS) else [_any(kinds_)]
        if EVERYBODYS not in owners:
            limits.append(_any(owners))
        if not limits:
            return ""
        ways.append(_all(limits))
    return _any(ways)


def _owners(reader: Reader, scope: Scope) -> list[str]:
    """The words of those whose records are within a scope."""
    if scope is Scope.ALL:
        return [EVERYBODYS]
    if scope is Scope.TEAM:  # what is the pool's is of no team
        return [indexing.owned(reader.login), indexing.NOBODYS, *map(indexing.teams, reader.teams)]
    return [indexing.owned(reader.login), indexing.POOL]


def _all(parts: Iterable[str]) -> str:
    return "(" + " & ".join(parts) + ")"


def _any(parts: Iterable[str]) -> str:
    return "(" + " | ".join(parts) + ")"


def _documents(db: Connection, expression: str) -> tuple[Select[Any], dict[str, str]]:
    """The last touched documents that an expression of `_all` and `_any` finds. Every word in it is letters
    and digits: nothing that was typed can be read as an operator."""
    if db.dialect.name == "postgresql":
        return _ON_SERVER, {"asked": _QUOTED.sub(lambda word: _quoted(word, "'", ":*"), expression)}
    quoted = _QUOTED.sub(lambda word: _quoted(word, '"', "*"), expression)
    return _IN_FILE, {"asked": quoted.replace("&", "AND").replace("|", "OR")}


def _on_server() -> Select[Any]:
    # The very expression of the index, see the migrations.
    held = func.array_to_tsvector(func.string_to_array(documents.c.words, literal_column("' '")))
    asked = cast(cast(bindparam("asked"), Text), TSQUERY)
    # Behind a fence: a planner who knows of the limit would rather walk through all documents from the last
    # one on, until a hundred match, and a rare word would take him to the first.
    rows = select(documents.c.id, documents.c.kind, documents.c.record_id)
    held_by = rows.where(held.bool_op("@@")(asked)).cte("held_by").prefix_with("MATERIALIZED")
    return select(held_by.c.kind, held_by.c.record_id).order_by(held_by.c.id.desc()).limit(LOOKED_AT)


_ON_SERVER = _on_server()
_IN_FILE = (
    select(documents.c.kind, documents.c.record_id)
    .select_from(document_words.join(documents, documents.c.id == document_words.c.rowid))
    .where(document_words.c.document_words.bool_op("MATCH")(bindparam("asked")))
    .order_by(document_words.c.rowid.desc())
    .limit(LOOKED_AT)
)


def _quoted(word: re.Match[str], quote: str, star: str) -> str:
    plain = word.group().removesuffix("*")
    return f"{quote}{plain}{quote}" + (star if word.group().endswith("*") else "")


# --- what was found, read and ranked ---


class Ranked(NamedTuple):
    """A hit with its place: the better match first, then what was changed later."""

    score: int
    at: float
    hit: Hit


# Behind a fence again: SQLite would rather go through all that a reader's team has, to find these among it.
_SOME = {
    kind: select(access.TABLES[kind])
    .where(access.TABLES[kind].c.id.in_(IDS))
    .cte("some")
    .prefix_with("MATERIALIZED")
    for kind in KINDS
}


def _seen(db: Connection, reader: Reader, kind: Kind, ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Those of these rows that the reader sees."""
    return db.execute(_of_some(kind, access.visible(reader, kind, _SOME[kind])), {"ids": ids}).all()


@lru_cache(maxsize=STATEMENTS)
def _of_some(kind: Kind, seen: ColumnElement[bool]) -> Select[Any]:
    return select(_SOME[kind]).where(seen)


_GONE = select(customers).where(merged_into(IDS))
_ADDRESSES = select(addresses).where(addresses.c.customer_id.in_(IDS)).order_by(addresses.c.place)
_TAGS = select(tags).where(tags.c.customer_id.in_(IDS))


def _read_customers(db: Connection, reader: Reader, ids: Sequence[str], asked: Asked) -> Iterator[Ranked]:
    """A hit is told of only when all words of the question stand where the reader sees them: the index knows
    more than he does, and word by word he could ask it for the rest."""
    rows = _seen(db, reader, Kind.CUSTOMER, ids)
    gone = db.execute(_GONE, {"ids": [row.id for row in rows]}).all()
    root = {row.id: row.id for row in rows} | {row.id: row.merged_into for row in gone}
    parts: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in (*rows, *gone):
        parts[root[row.id]].append(row)
    reached = _reached(db, reader, root)
    shown = _Shown(reader, indexing.searchable(db) if any(row.custom for row in (*rows, *gone)) else ())
    missing = {row.id: shown.missing(parts[row.id], reached[row.id], asked) for row in rows}
    wanted = {id_: into for id_, into in root.items() if missing[into]}
    labels, texts = _labels(db, reader, wanted), _texts(db, reader, wanted, parts)
    for row in rows:
        if asked.missing(missing[row.id], texts=(*labels[row.id], *(text for _, text in texts[row.id]))):
            continue
        match = _best(_customer_matches(shown, parts[row.id], reached[row.id], asked))
        if match is NONE:
            match = asked.text(texts[row.id])
        phone = next((each.value for each in reached[row.id] if each.channel == "phone"), "")
        hit = Hit(
            kind=str(Kind.CUSTOMER), id=row.id, title=row.name, number=row.number, customer=row.id,
            detail=" · ".join(part for part in (shown.company(row), phone) if part),
            field=match.field, excerpt=match.excerpt, score=match.score,
        )  # fmt: skip
        yield Ranked(match.score, row.updated_at, hit)


class _Shown:
    """What of a customer's row the reader sees, of what it is found by."""

    def __init__(self, reader: Reader, searchable: Collection[str]) -> None:
        self._hides = {name for name in ("company", "category") if reader.hides(Kind.CUSTOMER, name)}
        self._custom = {name for name in searchable if not reader.hides(Kind.CUSTOMER, f"custom.{name}")}

    def company(self, row: Row[Any]) -> str:
        return "" if "company" in self._hides else str(row.company)

    def missing(
        self, parts: Sequence[Row[Any]], reached: Sequence[Row[Any]], asked: Asked
    ) -> tuple[Term, ...]:
        """The words of the question that stand neither in the rows nor in the addresses of a customer."""
        values = [value for row in parts for value in indexing.values_of(row, self._custom)]
        phones = [each.value for each in reached if each.channel == "phone"]
        others = [each.value for each in reached if each.channel != "phone"]
        categories = [] if "category" in self._hides else [row.category for row in parts]
        return asked.missing(
            asked.terms,
            names=[name for row in parts for name in (row.name, self.company(row))],
            numbers=[*(row.number for row in parts), *phones, *values],
            emails=[each.value for each in reached if each.channel == "email"],
            texts=[*others, *categories, *values],
        )


def _reached(db: Connection, reader: Reader, root: Mapping[str, str]) -> dict[str, list[Row[Any]]]:
    """The addresses of the customers and of those merged into them, as far as the reader sees any."""
    reached: dict[str, list[Row[Any]]] = defaultdict(list)
    if reader.hides(Kind.CUSTOMER, "addresses"):
        return reached
    without_phones = reader.hides(Kind.CUSTOMER, "phones")
    for each in db.execute(_ADDRESSES, {"ids": list(root)}):
        if not (without_phones and each.channel == "phone"):
            reached[root[each.customer_id]].append(each)
    return reached


def _customer_matches(
    shown: _Shown, parts: Iterable[Row[Any]], reached: Iterable[Row[Any]], asked: Asked
) -> Iterator[Match]:
    for row in parts:
        yield Match(asked.name(row.name), "name", row.name)
        yield Match(asked.number(row.number), "number", row.number)
        if company := shown.company(row):
            yield Match(asked.name(company) - 15, "company", company)
    for each in reached:
        if each.channel == "phone":
            yield Match(asked.number(each.value), "phone", each.value)
        elif each.channel == "email":
            yield Match(asked.email(each.value), "email", each.value)


def _best(matches: Iterable[Match]) -> Match:
    best = max(matches, key=lambda match: match.score, default=NONE)
    return best if best.score > 0 else NONE


def _labels(db: Connection, reader: Reader, root: Mapping[str, str]) -> dict[str, list[str]]:
    """The tags of customers; `root` says whose each row's are by now."""
    found: dict[str, list[str]] = defaultdict(list)
    if root and not reader.hides(Kind.CUSTOMER, "tags"):
        for row in db.execute(_TAGS, {"ids": list(root)}):
            found[root[row.customer_id]].append(row.tag)
    return found


def _texts(
    db: Connection, reader: Reader, root: Mapping[str, str], parts: Mapping[str, Iterable[Row[Any]]]
) -> dict[str, list[tuple[str, str]]]:
    """The texts of customers that the reader sees, each with its field, as far as the index has them."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    noted: Mapping[str, list[str]] = {}
    talked: Mapping[str, list[str]] = {}
    if not reader.hides(Kind.CUSTOMER, "note"):
        noted = indexing.notes_of(db, root, access.visible(reader, Kind.NOTE))
        for id_ in set(root.values()):
            found[id_] = [("note", row.note) for row in parts[id_] if row.note]
    if not reader.hides(Kind.INTERACTION, "note"):
        talked = indexing.talks_of(db, root, access.visible(reader, Kind.INTERACTION))
    for field, some in (("note", noted), ("talk", talked)):
        for id_, values in some.items():
            found[id_] += [(field, value) for value in values]
    return defaultdict(list, {id_: _bounded(some) for id_, some in found.items()})


def _bounded(texts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    fields = (field for field, _ in texts)
    return list(zip(fields, indexing.bounded(text for _, text in texts), strict=False))


def _read_requests(db: Connection, reader: Reader, ids: Sequence[str], asked: Asked) -> Iterator[Ranked]:
    """As for customers: nothing is told of words that the reader does not see."""
    rows = _seen(db, reader, Kind.REQUEST, ids)
    texts: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        shown = access.shown(reader, Kind.REQUEST, {"problem": row.problem, "solution": row.solution})
        texts[row.id] = [(field, text) for field, text in shown.items() if text]
    missing = {
        row.id: asked.missing(
            asked.terms, names=(row.subject,), numbers=(row.number,),
            texts=indexing.bounded(text for _, text in texts[row.id]),
        )
        for row in rows
    }  # fmt: skip
    if not reader.hides(Kind.CUSTOMER, "note"):
        about = [id_ for id_, left in missing.items() if left]
        noted = indexing.notes_of_requests(db, about, access.visible(reader, Kind.NOTE))
        for id_, some in noted.items():
            texts[id_] = _bounded([*texts[id_], *(("note", text) for text in some)])
    named = roots.named(db, {row.customer_id for row in rows}, reader)
    for row in rows:
        if asked.missing(missing[row.id], texts=(text for _, text in texts[row.id])):
            continue
        match = _best((Match(asked.number(row.number), "number"), Match(asked.name(row.subject), "subject")))
        if match is NONE:
            match = asked.text(texts[row.id])
        customer, name = named[row.customer_id]
        hit = Hit(
            kind=str(Kind.REQUEST), id=row.id, title=row.subject, number=row.number, customer=customer,
            detail=name, field=match.field, excerpt=match.excerpt, score=match.score,
        )  # fmt: skip
        yield Ranked(match.score, row.updated_at, hit)


def _read_followups(db: Connection, reader: Reader, ids: Sequence[str], asked: Asked) -> Iterator[Ranked]:
    rows = _seen(db, reader, Kind.FOLLOWUP, ids)
    named = roots.named(db, {row.customer_id for row in rows if row.customer_id}, reader)
    for row in rows:
        match = _best((Match(asked.name(row.title), "title"),))
        if match is NONE:
            match = asked.text((("note", row.note),))
        hit = Hit(
            kind=str(Kind.FOLLOWUP), id=row.id, title=row.title,
            customer=named[row.customer_id][0] if row.customer_id else "",
            field=match.field, excerpt=match.excerpt, score=match.score,
        )  # fmt: skip
        yield Ranked(match.score, row.updated_at, hit)


_READ = {
    Kind.CUSTOMER: _read_customers,
    Kind.REQUEST: _read_requests,
    Kind.FOLLOWUP: _read_followups,
}
