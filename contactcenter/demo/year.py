"""A year of a center: its staff, its customers and all that was with them, row by row for bulk loading.

The same seed, sizes and last day give the same rows (what is sealed aside, which is never the same twice).
What comes is in the order in which it happened, and what refers to something comes after it.

A year has its seasons (a festival without calls in February, the sales of November), weeks their Mondays,
days their two peaks. Few customers call often and most seldom; of those who call, some open requests, some
are to be called again.
"""

import json
import random
from bisect import bisect
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from hashlib import blake2b
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

from contactcenter.demo import people
from contactcenter.values import frozen

Rows = dict[str, list[tuple[Any, ...]]]
"""Table -> rows, with the columns of `COLUMNS`; tables in an order in which they may be written."""

CHUNK = 5_000
"""Customers, or interactions, of one piece."""
DAYS = 365
CUSTOMERS, INTERACTIONS, AGENTS = 300_000, 1_500_000, 100
"""Of scale 1: 60 talks a day for each of a hundred agents, on workdays."""
FIRST_ACCOUNT = 20_000_000

COLUMNS: dict[str, tuple[str, ...]] = {
    "teams": ("name", "title", "version"),
    "users": (
        "login", "name", "role", "password", "queues", "skills", "language", "disabled", "created_at",
    ),
    "memberships": ("login", "team", "place"),
    "customers": (
        "id", "number", "kind", "name", "company", "tier", "category", "save_desk", "language", "balance",
        "note", "id_number", "id_number_index", "custom", "owner", "team", "version", "created_at",
        "created_by", "updated_at",
    ),
    "addresses": ("customer_id", "channel", "value", "extension", "kind", "place", "preferred"),
    "tags": ("customer_id", "tag"),
    "name_keys": ("customer_id", "key"),
    "ownerships": ("id", "kind", "record_id", "owner", "team", "at", "login"),
    "consents": ("id", "customer_id", "channel", "purpose", "state", "at", "login", "source"),
    "interactions": (
        "id", "channel", "direction", "server", "leg", "agent_leg", "did", "caller", "caller_name",
        "language", "customer", "match", "queue", "agent", "last_node", "outcome", "disposition", "note",
        "callback", "origin", "error", "arrived_at", "queued_at", "offered_at", "answered_at", "ended_at",
        "closed_at", "waited_s", "talked_s", "wrapped_s", "offers", "raised", "confidence", "inferred",
        "final",
    ),
    "timeline": ("interaction_id", "seq", "at", "kind", "detail"),
    "workers": ("interaction_id", "login", "arrived_at"),
    "requests": (
        "id", "number", "customer_id", "interaction", "kind", "subject", "problem", "solution", "state",
        "priority", "owner", "team", "queue", "language", "due_at", "custom", "version", "opened_at",
        "opened_by", "updated_at", "solved_at", "closed_at",
    ),
    "request_steps": ("request_id", "seq", "at", "login", "kind", "detail"),
    "links": ("interaction", "kind", "record_id", "at", "login"),
    "notes": (
        "id", "customer_id", "request", "interaction", "text", "pinned", "version", "created_at",
        "created_by", "updated_at", "updated_by",
    ),
    "followups": (
        "id", "customer_id", "request", "interaction", "title", "note", "state", "owner", "team", "due_at",
        "remind_at", "result", "version", "created_at", "created_by", "updated_at", "done_at", "done_by",
    ),
}  # fmt: skip

_TEAMS = {
    "north": ("华北组", "North"), "east": ("华东组", "East"), "south": ("华南组", "South"),
    "keyaccounts": ("大客户组", "Key accounts"), "english": ("英语组", "English desk"),
}  # fmt: skip
_MONTHS = (1.05, 0.62, 1.0, 0.95, 1.0, 1.1, 1.0, 0.95, 1.0, 0.85, 1.45, 1.2)
_WEEK = (1.25, 1.1, 1.05, 1.0, 1.1, 0.5, 0.35)
_HOURS = (0, 0, 0, 0, 0, 0, 0, 1, 5, 10, 12, 10, 6, 7, 10, 11, 9, 7, 5, 4, 3, 1, 0, 0)
DISPOSITIONS = ("solved", "solved", "solved", "follow_up", "complaint", "sold", "no_interest")
QUEUES = ("support", "sales")


@frozen
class Sizes:
    """How much of a year."""

    customers: int = CUSTOMERS
    interactions: int = INTERACTIONS
    agents: int = AGENTS


class Year:
    """The year before `until`, in the center's zone. `seal` gives a sealed value and its index for an id
    number and the customer's id; `password` is what the staff's stored one is."""

    def __init__(
        self,
        sizes: Sizes,
        *,
        seed: int,
        until: date,
        zone: ZoneInfo,
        seal: Callable[[str, str], tuple[str, str]],
        name_key: Callable[[str], str],
        password: str,
        kinds: tuple[str, ...] = (),
        dispositions: tuple[str, ...] = DISPOSITIONS,
        queues: tuple[str, ...] = QUEUES,
    ) -> None:
        self.sizes = sizes
        self._seed = seed
        self._dice = random.Random(seed)  # noqa: S311 - nothing secret, and it must repeat
        self._zone = zone
        self._first = until - timedelta(days=DAYS)
        self.begins = self._moment(self._first)
        self.ends = self._moment(until)
        self._seal, self._name_key, self._password = seal, name_key, password
        self._kinds, self._dispositions, self._queues = kinds or ("",), dispositions, queues
        teams = list(_TEAMS)
        self._agents = [(f"d{n + 1:04}", teams[n % len(teams)]) for n in range(sizes.agents)]
        self._of_team: dict[str, list[str]] = defaultdict(list)
        for login, team in self._agents:
            self._of_team[team].append(login)
        self._told: list[tuple[str, str, str]] = []
        """Of each customer: main number, language, team."""
        self.accounts = 0
        self.requests: dict[int, int] = defaultdict(int)
        """Year -> how many numbers were given."""
        self.followups = 0

    def rows(self) -> Iterator[tuple[int, int, Rows]]:
        """All of it in pieces; with each, how many customers and interactions are in it."""
        yield 0, 0, self._staff()
        for first in range(0, self.sizes.customers, CHUNK):
            count = min(CHUNK, self.sizes.customers - first)
            yield count, 0, self._customers(first, count)
        rows: Rows = _empty()
        waiting = 0
        for number, at in enumerate(self._arrivals()):
            self._interaction(rows, number, at)
            waiting += 1
            if waiting == CHUNK:
                yield 0, waiting, rows
                rows, waiting = _empty(), 0
        yield 0, waiting, rows

    def _moment(self, day: date, seconds: float = 0.0) -> float:
        return datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp() + seconds

    def _id(self, kind: str, number: int) -> str:
        """As random as an id is, and the same each time."""
        return blake2b(f"{self._seed} {kind} {number}".encode(), digest_size=16).hexdigest()

    def _staff(self) -> Rows:
        rows = _empty()
        at = self.begins - 86_400.0
        rows["teams"] = [
            (name, json.dumps({"zh": zh, "en": en}, ensure_ascii=False), 1)
            for name, (zh, en) in _TEAMS.items()
        ]
        for login, team in self._agents:
            english = team == "english"
            name = people.english(self._dice) if english else people.chinese(self._dice)
            skills = json.dumps({"en": 8} if english else {"zh": 10})
            rows["users"].append(
                (login, name, "agent", self._password, json.dumps(list(self._queues)), skills,
                 "en" if english else "zh", False, at)
            )  # fmt: skip
            rows["memberships"].append((login, team, 0))
        return rows

    # --- customers ---

    def _customers(self, first: int, count: int) -> Rows:
        rows = _empty()
        for number in range(first, first + count):
            self._customer(rows, number)
        return rows

    def _customer(self, rows: Rows, number: int) -> None:
        dice, id_ = self._dice, self._id("customer", number)
        language = "en" if dice.random() < 0.12 else "zh"
        organisation = dice.random() < 0.06
        who = people.person(dice, language)
        name = people.company(dice, language) if organisation else who.name
        company = "" if organisation else who.company
        team = owner = ""
        if dice.random() < 0.6:
            team = "english" if language == "en" else dice.choice(("north", "east", "south", "keyaccounts"))
            if dice.random() < 0.5 and self._of_team[team]:
                owner = dice.choice(self._of_team[team])
        at = self._met_at(number)
        sealed, index = "", ""
        if not organisation and dice.random() < 0.2:
            sealed, index = self._seal(people.id_number(dice), id_)
        note = ""
        if dice.random() < 0.15:
            note = dice.choice(people.TEXTS["notes"][language]).format(
                dice.choice(people.TEXTS["products"][language])
            )
        self.accounts = number + 1
        rows["customers"].append(
            (id_, str(FIRST_ACCOUNT + number), "organisation" if organisation else "person", name, company,
             dice.choices(("standard", "silver", "gold", "platinum"), (70, 18, 9, 3))[0],
             dice.choice(("", "", "家庭", "企业", "个人")), False, language,
             int(dice.triangular(-8000, 60000, 6000)), note, sealed, index, "{}",
             owner, team, 1, at, "import", at)
        )  # fmt: skip
        main = self._number(number, language)
        rows["addresses"].append((id_, "phone", main, "", "main", 0, True))
        place = 1
        if dice.random() < 0.35:
            rows["addresses"].append(
                (id_, "phone", f"+86154{50_000_000 + number:08}", "", "mobile", place, False)
            )
            place += 1
        if who.email:
            rows["addresses"].append((id_, "email", who.email, "", "main", place, True))
        if dice.random() < 0.2:
            rows["tags"].append((id_, dice.choice(("vip", "续约", "副卡", "prepaid", "企业", "投诉过"))))
        if (owner or team) and dice.random() < 0.5:
            rows["ownerships"].append((self._id("own", number), "customer", id_, owner, team, at, "import"))
        if dice.random() < 0.15:
            state = "granted" if dice.random() < 0.7 else "refused"
            rows["consents"].append(
                (self._id("consent", number), id_, "phone", "marketing", state, at, "import", "letter")
            )
        if key := self._name_key(name):
            rows["name_keys"].append((id_, key))
        self._told.append((main, language, team))

    def _met_at(self, number: int) -> float:
        """When the customer's record was made: three of five before the year, the others during it."""
        part = number / max(1, self.sizes.customers)
        if part < 0.6:
            return self.begins - (1 - part) * 3 * DAYS * 86_400.0
        return self.begins + (part - 0.6) / 0.4 * (self.ends - self.begins) * 0.98

    def _number(self, number: int, language: str) -> str:
        if language == "zh":
            return f"+86154{number + 1:08}"
        return f"+1{201 + number // 100 % 700}55501{number % 100:02}"

    # --- what was with them ---

    def _arrivals(self) -> Iterator[float]:
        """When each interaction begins, the earliest first."""
        days = [self._first + timedelta(days=n) for n in range(DAYS)]
        weights = list(accumulate(_MONTHS[day.month - 1] * _WEEK[day.weekday()] for day in days))
        hours = list(accumulate(_HOURS))
        given = 0
        for day, weight in zip(days, weights, strict=True):
            until = round(self.sizes.interactions * weight / weights[-1])
            midnight = self._moment(day)
            times = []
            for _ in range(until - given):
                hour = bisect(hours, self._dice.random() * hours[-1])
                times.append(midnight + (hour + self._dice.random()) * 3600.0)
            given = until
            yield from sorted(times)

    def _caller(self, at: float) -> int:
        """Which customer: few call often, and nobody before he was one."""
        part = (at - self.begins) / (self.ends - self.begins)
        known = max(1, int(len(self._told) * (0.6 + 0.4 * part * 0.98)))
        return int(known * self._dice.random() ** 1.8)

    def _interaction(self, rows: Rows, number: int, at: float) -> None:
        dice = self._dice
        who = self._caller(at)
        caller, language, team = self._told[who]
        customer, id_ = self._id("customer", who), f"{self._seed:x}-{number:09}"
        outbound = dice.random() < 0.12
        channel = "voice"
        answered = dice.random() < (0.62 if outbound else 0.93)
        queue = dice.choices(self._queues, range(len(self._queues) + 1, 1, -1))[0]
        agent = ""
        if answered:
            agents = self._of_team["english" if language == "en" else team or "north"]
            agent = dice.choice(agents) if agents else self._agents[number % len(self._agents)][0]
        waited = 0.0 if outbound else round(dice.expovariate(1 / (18 if answered else 55)), 1)
        talked = round(dice.lognormvariate(5.0, 0.6), 1) if answered else 0.0
        wrapped = round(dice.uniform(5, 40), 1) if answered else 0.0
        queued = at + dice.uniform(8, 25)
        begun = queued + waited if answered else None
        ended = queued + waited + talked
        note = ""
        if answered and dice.random() < 0.6:
            note = dice.choice(people.TEXTS["talks"][language]).format(
                dice.choice(people.TEXTS["products"][language])
            )
        outcome = "answered" if answered else "not_reached" if outbound else "abandoned"
        rows["interactions"].append(
            (id_, channel, "outbound" if outbound else "inbound", "demo", id_, "", "4001", caller, "",
             language, customer, "caller_number", queue, agent, "queue", outcome,
             dice.choice(self._dispositions) if answered else "", note, "", "", "", at, queued, begun, begun,
             ended, ended + wrapped, waited, talked, wrapped, int(answered), 0.0, 0.9, False, True)
        )  # fmt: skip
        course = rows["timeline"]
        course.append((id_, 0, at, "arrived", '{"did": "4001"}'))
        course.append((id_, 1, queued, "queued", f'{{"queue": "{queue}"}}'))
        if begun is not None:
            course.append((id_, 2, begun, "joined", f'{{"agent": "{agent}", "queue": "{queue}"}}'))
            rows["workers"].append((id_, agent, at))
        course.append((id_, 3 if answered else 2, ended, "ended", "{}"))
        if answered:
            self._after(rows, number, ended, agent, customer, language, team, queue)

    def _after(
        self,
        rows: Rows,
        number: int,
        at: float,
        agent: str,
        customer: str,
        language: str,
        team: str,
        queue: str,
    ) -> None:
        """What an agent does about it."""
        dice, id_ = self._dice, f"{self._seed:x}-{number:09}"
        part = dice.random()
        if part < 0.05:
            self._request(rows, number, at, agent, customer, language, team, queue)
        elif part < 0.09:
            done = dice.random() < 0.85 and at < self.ends - 10 * 86_400.0
            due = at + dice.uniform(0.5, 20) * 86_400.0
            self.followups += 1
            title = dice.choice(
                ("回访", "确认上门时间", "续约提醒") if language == "zh" else ("Call back", "Renewal")
            )
            rows["followups"].append(
                (self._id("followup", number), customer, "", id_, title, "", "done" if done else "open",
                 agent, team, due, None, "已联系" if done else "", 2 if done else 1, at, agent,
                 due if done else at, due if done else None, agent if done else "")
            )  # fmt: skip
        elif part < 0.13:
            text = dice.choice(people.TEXTS["notes"][language]).format(
                dice.choice(people.TEXTS["products"][language])
            )
            rows["notes"].append(
                (self._id("note", number), customer, "", id_, text, False, 1, at, agent, at, agent)
            )

    def _request(
        self,
        rows: Rows,
        number: int,
        at: float,
        agent: str,
        customer: str,
        language: str,
        team: str,
        queue: str,
    ) -> None:
        dice, id_ = self._dice, self._id("request", number)
        interaction = f"{self._seed:x}-{number:09}"
        year = datetime.fromtimestamp(at, self._zone).year
        self.requests[year] += 1
        subject = dice.choice(people.TEXTS["subjects"][language])
        problem = dice.choice(people.TEXTS["talks"][language]).format(
            dice.choice(people.TEXTS["products"][language])
        )
        solved_at = at + dice.expovariate(1 / 2.5) * 86_400.0
        state, solved, closed = "open", None, None
        if solved_at < self.ends:
            state, solved = "solved", solved_at
            if solved_at + 5 * 86_400.0 < self.ends:
                state, closed = "closed", solved_at + 5 * 86_400.0
        solution = problem if solved else ""
        steps: list[tuple[float, str, str, str]] = [
            (at, agent, "opened", json.dumps({"interaction": interaction}))
        ]
        before = "new"
        for moment, to in ((at, "open"), (solved, "solved"), (closed, "closed")):
            if moment is not None:
                steps.append((moment, agent, "state", json.dumps({"from": before, "to": to})))
                before = to
        rows["requests"].append(
            (id_, f"{year}-{self.requests[year]:06}", customer, interaction, dice.choice(self._kinds),
             subject, problem, solution, state, dice.choices((1, 2, 3, 4), (2, 6, 2, 1))[0], agent, team,
             queue, language, at + 3 * 86_400.0, "{}", len(steps), at, agent, steps[-1][0], solved, closed)
        )  # fmt: skip
        rows["request_steps"] += [(id_, seq, *step) for seq, step in enumerate(steps)]
        rows["links"].append((interaction, "request", id_, at, agent))


def _empty() -> Rows:
    return {table: [] for table in COLUMNS}
