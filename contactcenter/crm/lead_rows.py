"""Lead rows: which fields of a lead columns can go into, and what a row of such cells says of one.

This runs in the process that reads the file (`reading.py`): finding out what numbers are, and where they may
be, is most of the work of an import, and none of the server's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from contactcenter.crm.cells import LANGUAGES, check_width, digits, moment, one_of, phones
from contactcenter.crm.errors import Refusal
from contactcenter.crm.phone_numbers import e164
from contactcenter.crm.shelves import PRIORITIES
from contactcenter.crm.targets import Target
from contactcenter.crm.targets import target as _target
from contactcenter.crm.text import entered
from contactcenter.crm.zones import where
from contactcenter.dialer.regions import STATES, state_of_zip

MOST_NUMBERS = 10
"""Of one lead."""
MOST_FIELDS = 100
"""Columns of a table that are kept as they are."""
LONGEST_VALUE = 1_000
"""Characters of such a one."""
LONGEST_TITLE = 64
FIELD = "field"
"""The target of a column that is kept under its own name, for the agent and his script."""

TARGETS: tuple[Target, ...] = (
    _target("phone", "电话", "Phone", "电话号码", "联系电话", "号码", "telephone", "tel", "phone number",
            "phones", "phone no", "contact number", "number", many=True),
    _target("phone.mobile", "手机", "Mobile", "手机号", "手机号码", "移动电话", "mobile phone",
            "mobile number", "cell", "cell phone", "cellphone", many=True),
    _target("phone.work", "办公电话", "Work phone", "单位电话", "公司电话", "office phone",
            "business phone", many=True),
    _target("phone.home", "家庭电话", "Home phone", "住宅电话", "宅电", many=True),
    _target("name", "姓名", "Name", "客户姓名", "客户名称", "名称", "客户", "联系人", "full name",
            "customer name", "contact", "contact name", "lead"),
    _target("customer", "客户编号", "Account number", "编号", "账号", "客户号", "会员号", "account",
            "account no", "customer number", "customer no", "customer id"),
    _target("language", "语言", "Language", "语种"),
    _target("priority", "优先级", "Priority", "优先", "重要程度"),
    _target("zone", "时区", "Time zone", "timezone", "zone", "tz"),
    _target("region", "国家或州", "Country or state", "州", "国家", "省份", "state", "country", "region"),
    _target("postcode", "邮政编码", "Postcode", "邮编", "zip", "zip code", "postal code"),
    _target("owner", "负责人", "Owner", "归属人", "客户经理", "agent", "account manager"),
    _target("consent", "同意的凭据", "Consent: evidence", "同意", "授权", "consent", "opt in",
            "consent source"),
    _target("consent_at", "同意的时间", "Consent: date", "同意日期", "授权日期", "consent date",
            "opt in date", "consented at"),
    _target(FIELD, "保留为名单字段", "Keep under its own name", many=True),
)  # fmt: skip
"""Everything that a column can go into. Where a lead may be is said by zone, region or postcode; an address
as it is written is kept under its own name."""


class LeadRows:
    """What rows say, by the terms of one import."""

    def __init__(self, into: Sequence[str], titles: Sequence[str], region: str, zone: str) -> None:
        """The target of each column, its title, whose numbers those without a country code are, and whose
        times of the day cells mean."""
        self._into = into
        self._titles = titles
        self._region = region
        self._zone = zone

    def read(self, cells: Sequence[str]) -> dict[str, Any]:
        """What a row says of a lead, as JSON. Raises `Refusal`, naming the target."""
        check_width(cells, self._into)
        said: dict[str, str] = {}
        fields: dict[str, str] = {}
        numbers: dict[str, str] = {}
        for cell, target, title in zip(cells, self._into, self._titles, strict=False):
            text = cell.strip()
            if not text or not target:
                continue
            channel, _, kind = target.partition(".")
            if channel == "phone":
                for each in phones(text, target):
                    numbers.setdefault(e164(each, self._region, target), kind)
            elif target == FIELD:
                fields[title] = entered(text, FIELD, LONGEST_VALUE)
            else:
                said[target] = text
        if not numbers:
            raise Refusal("a lead needs a telephone number", field="phone")
        if len(numbers) > MOST_NUMBERS:
            raise Refusal(f"at most {MOST_NUMBERS} numbers, this has {len(numbers)}", field="phone")
        return {
            "name": entered(said.get("name", ""), "name", 120),
            "customer": digits(said.get("customer", ""), "customer"),
            "language": one_of(LANGUAGES, said["language"], "language") if "language" in said else "",
            "priority": _priority(said.get("priority", "0")),
            "owner": entered(said.get("owner", ""), "owner", 64),
            "zone": said.get("zone", ""),
            **_places(numbers, said),
            "fields": fields,
            **self._consent(said),
        }

    def _consent(self, said: Mapping[str, str]) -> dict[str, Any]:
        evidence = entered(said.get("consent", ""), "consent", 500)
        given = said.get("consent_at", "")
        if given and not evidence:
            raise Refusal("a date of a consent says nothing without its evidence", field="consent_at")
        at = moment(given, self._zone, "consent_at") if given else None
        return {"consent": evidence, "consent_at": at}


def _places(numbers: Mapping[str, str], said: Mapping[str, str]) -> dict[str, Any]:
    """Where each number may be, with what the row says of the address. The state of a ZIP code stands for it
    with the lead, if no region does: by that a number which he gets later is found."""
    region, state = said.get("region", "").upper(), ""
    if f"US-{region}" in STATES and any(each.startswith("+1") for each in numbers):
        state = f"US-{region}"
    found: list[dict[str, Any]] = []
    for number, kind in numbers.items():
        # Two letters are a state beside an American number: of one from elsewhere its owner lives there, too.
        meant = region if number.startswith("+1") else state or region
        place = where(number, zone=said.get("zone", ""), region=meant, postcode=said.get("postcode", ""))
        found.append({"number": number, "kind": kind, "zones": place.zones, "regions": place.regions})

    def lives_in(said_state: str) -> bool:
        return any(said_state in each["regions"] for each in found)

    zip_state = state_of_zip(said.get("postcode", ""))
    home = state if lives_in(state) else region
    return {"region": home or (zip_state if lives_in(zip_state) else ""), "numbers": found}


def _priority(text: str) -> int:
    plain = digits(text, "priority")
    if not (plain.isascii() and plain.isdecimal()) or int(plain[:9]) not in PRIORITIES:
        raise Refusal(
            f"a priority from {PRIORITIES[0]} to {PRIORITIES[-1]}: the highest is dialled first",
            field="priority",
        )
    return int(plain)
