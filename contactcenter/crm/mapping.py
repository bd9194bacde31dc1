"""Mapping: which column of somebody's table goes into which field of a customer, and what its cells mean.

A mapping names a target for each column, or nothing. What was mapped once is remembered by the header, so the
next file of the same form is mapped by itself; a new header is mapped by the names that people use, in
Chinese and in English, and by what the columns hold.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from contactcenter.crm.addresses import NewAddress
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.errors import Refusal
from contactcenter.crm.fields import Field, FieldType
from contactcenter.crm.schema import import_mappings
from contactcenter.values import frozen

NOTHING = ""
"""The target of a column that is left out."""


@frozen
class Target:
    """A field that a column can go into."""

    name: str
    title: Mapping[str, str]
    """zh, en."""
    many: bool = False
    """Whether several columns may go into it."""
    called: tuple[str, ...] = ()
    """What else people write above such a column."""


def _target(name: str, zh: str, en: str, *called: str, many: bool = False) -> Target:
    return Target(name=name, title={"zh": zh, "en": en}, many=many, called=called)


TARGETS: tuple[Target, ...] = (
    _target("name", "姓名", "Name", "客户姓名", "客户名称", "名称", "客户", "联系人", "客户名", "full name",
            "customer", "customer name", "contact", "contact name"),
    _target("number", "客户编号", "Account number", "编号", "账号", "客户号", "会员号", "卡号",
            "客户id", "account",
            "account no", "customer number", "customer no", "customer id", "no", "id", "number"),
    _target("kind", "类别", "Person or organisation", "客户类型", "类型", "kind", "type", "customer type"),
    _target("phone", "电话", "Phone", "电话号码", "联系电话", "号码", "来电号码", "telephone",
            "tel", "phone number",
            "phones", "phone no", "contact number", many=True),
    _target("phone.mobile", "手机", "Mobile", "手机号", "手机号码", "移动电话", "mobile phone",
            "mobile number",
            "cell", "cell phone", "cellphone", many=True),
    _target("phone.work", "办公电话", "Work phone", "单位电话", "公司电话", "office phone",
            "business phone", many=True),
    _target("phone.home", "家庭电话", "Home phone", "住宅电话", "宅电", many=True),
    _target("phone.fax", "传真", "Fax", "传真号码", "fax number", many=True),
    _target("email", "电子邮箱", "E-mail", "邮箱", "邮件", "电子邮件", "邮箱地址", "mail", "email address",
            "e mail address", many=True),
    _target("wechat", "微信", "WeChat", "微信号", "wechat id", "weixin", many=True),
    _target("post", "地址", "Address", "联系地址", "通讯地址", "住址", "postal address",
            "street address", many=True),
    _target("other", "其他联系方式", "Other address", many=True),
    _target("company", "公司", "Company", "单位", "公司名称", "单位名称", "工作单位",
            "organisation", "organization",
            "company name", "employer"),
    _target("tier", "等级", "Tier", "客户等级", "级别", "会员等级", "level", "grade"),
    _target("category", "分类", "Category", "客户分类", "行业", "industry", "segment"),
    _target("tags", "标签", "Tags", "tag", "labels", many=True),
    _target("save_desk", "挽留", "To be kept", "save desk", "retention"),
    _target("language", "语言", "Language", "语种"),
    _target("balance", "余额", "Balance", "账户余额", "amount"),
    _target("note", "备注", "Note", "说明", "备注信息", "notes", "remark", "remarks", "comment", "comments",
            many=True),
    _target("id_number", "证件号", "ID number", "身份证", "身份证号", "身份证号码", "证件号码",
            "统一社会信用代码",
            "identity number", "id card", "id no", "national id"),
    _target("owner", "负责人", "Owner", "归属人", "客户经理", "account manager"),
    _target("team", "团队", "Team", "部门", "小组", "归属团队", "department"),
)  # fmt: skip
"""What every center has; its own fields are `custom.NAME`."""

_ADDRESSES = {"phone": "phone", "email": "email", "wechat": "wechat", "post": "post", "other": "other"}
_SPLIT = {
    "phone": re.compile(r"[；、\n/|]|;(?!\s*ext)", re.IGNORECASE),
    "email": re.compile(r"[;；、,，\s]+"),
}
_TAGS = re.compile(r"[;；,，、|\n]+")
_SCIENTIFIC = re.compile(r"([0-9])(?:\.([0-9]+))?[eE]\+?([0-9]{1,2})")
_WHOLE = re.compile(r"([0-9]+)\.0+")
_YES = frozenset({"true", "yes", "y", "1", "是", "对", "有", "√", "✓", "✔", "需要"})
_NO = frozenset({"false", "no", "n", "0", "否", "不", "无", "×", "x", "不需要"})
_DAY = re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})(?:\s*日)?")
_TIME = re.compile(r"[T\s]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_LANGUAGES = {
    "zh": "zh", "zh-cn": "zh", "zh-hans": "zh", "中文": "zh", "汉语": "zh", "普通话": "zh", "chinese": "zh",
    "en": "en", "en-us": "en", "en-gb": "en", "英文": "en", "英语": "en", "english": "en",
}  # fmt: skip
_KINDS = {
    "person": "person", "个人": "person", "自然人": "person", "individual": "person", "contact": "person",
    "organisation": "organisation", "organization": "organisation", "企业": "organisation",
    "公司": "organisation", "单位": "organisation", "机构": "organisation", "company": "organisation",
}  # fmt: skip
_PHONE = re.compile(r"\+?[0-9][0-9 ()-]{5,20}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@frozen
class Suggestion:
    """What the columns are likely to be."""

    mapping: tuple[str, ...]
    remembered_at: float | None = None
    """When a file with the same header was mapped so; None: by names and contents."""


# --- targets ---


def targets(custom: Iterable[Field]) -> tuple[Target, ...]:
    """Everything that a column can go into in this center."""
    own = (
        Target(name=f"custom.{each.name}", title=each.title, called=(each.name,))
        for each in custom
        if not each.retired
    )
    return (*TARGETS, *own)


def fields_of(target: str) -> tuple[str, ...]:
    """The customer's fields that show what goes into it."""
    channel = target.partition(".")[0]
    if channel not in _ADDRESSES:
        return (target,)
    return ("phones", "addresses") if channel == "phone" else ("addresses",)


def checked(mapping: Sequence[str], columns: int, custom: Iterable[Field]) -> tuple[str, ...]:
    """A mapping that can be imported by. Raises `Refusal` naming the column."""
    known = {each.name: each for each in targets(custom)}
    if len(mapping) != columns:
        raise Refusal(f"the file has {columns} columns: name a target, or nothing, for each", field="mapping")
    seen: set[str] = set()
    for place, name in enumerate(mapping):
        if not name:
            continue
        if name not in known:
            raise Refusal("there is no such field", field=f"mapping.{place}")
        if name in seen and not known[name].many:
            raise Refusal(f"another column goes into {name}, too", field=f"mapping.{place}")
        seen.add(name)
    return tuple(mapping)


def suggested(
    db: Connection,
    kind: str,
    header: Sequence[str],
    examples: Sequence[Sequence[str]],
    custom: Iterable[Field],
) -> Suggestion:
    """What the columns are most likely to be: as the same header was mapped before, else by their names, and
    what has no name that is known, by what it holds."""
    known = targets(custom)
    before = db.execute(
        select(import_mappings).where(
            import_mappings.c.kind == kind, import_mappings.c.header == _print(header)
        )
    ).one_or_none()
    if before and len(before.mapping) == len(header):
        names = {each.name for each in known}
        kept = tuple(name if name in names else NOTHING for name in before.mapping)
        return Suggestion(mapping=kept, remembered_at=before.at)
    called = {_plain(each): target for target in reversed(known) for each in _names(target)}
    found: list[str] = []
    for place, title in enumerate(header):
        target = called.get(_plain(title)) or _by_content(
            [row[place] for row in examples if place < len(row)]
        )
        if target is None or (target.name in found and not target.many):
            found.append(NOTHING)
        else:
            found.append(target.name)
    return Suggestion(mapping=tuple(found))


def remember(
    db: Connection, kind: str, header: Sequence[str], mapping: Sequence[str], *, by: str, at: float
) -> None:
    """Map the next file with this header in the same way."""
    values = {"mapping": list(mapping), "at": at, "login": by}
    this = (import_mappings.c.kind == kind, import_mappings.c.header == _print(header))
    if db.execute(update(import_mappings).where(*this).values(values)).rowcount == 0:
        db.execute(insert(import_mappings).values(kind=kind, header=_print(header), **values))


def is_header(first: Sequence[str]) -> bool:
    """Whether a file's first row names its columns, and is no record itself."""
    return not any(_PHONE.fullmatch(cell.strip()) or _EMAIL.fullmatch(cell.strip()) for cell in first)


def _names(target: Target) -> Iterable[str]:
    return (*target.title.values(), target.name, *target.called)


def _plain(title: str) -> str:
    """A column's name as it is compared: width, case and what is not a letter or digit don't count."""
    folded = unicodedata.normalize("NFKC", title).casefold()
    folded = re.sub(r"[(（].*?[)）]", "", folded) or folded
    return "".join(each for each in folded if each.isalnum())


def _by_content(examples: Iterable[str]) -> Target | None:
    held = [each.strip() for each in examples if each.strip()]
    for pattern, name in ((_EMAIL, "email"), (_PHONE, "phone")):
        digits = name != "phone" or all(7 <= sum(map(str.isdigit, each)) <= 15 for each in held)
        if held and digits and all(pattern.fullmatch(each) for each in held):
            return next(each for each in TARGETS if each.name == name)
    return None


def _print(header: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(map(_plain, header)).encode()).hexdigest()


# --- cells ---


@frozen
class Wanted:
    """What a row says of a customer: only what is not empty in it."""

    values: Mapping[str, Any]
    """By the names that `NewCustomer` has, without addresses."""
    addresses: tuple[NewAddress, ...]

    def new(self, **more: Any) -> NewCustomer:
        """As a new customer."""
        return NewCustomer(**{"name": "", **self.values, "addresses": self.addresses, **more})


def wanted(cells: Sequence[str], mapping: Sequence[str], custom: Mapping[str, Field], zone: str) -> Wanted:
    """What a row says. `zone` is whose times of the day cells with a time mean. Raises `Refusal`, naming the
    field."""
    if len(cells) > len(mapping) and any(cell.strip() for cell in cells[len(mapping) :]):
        raise Refusal(f"the row has {len(cells)} cells, the table {len(mapping)} columns")
    values: dict[str, Any] = {}
    own: dict[str, Any] = {}
    addresses: list[NewAddress] = []
    for cell, target in zip(cells, mapping, strict=False):
        text = cell.strip()
        if not text or not target:
            continue
        channel, _, kind = target.partition(".")
        if channel == "custom":
            own[kind] = _of_type(custom[kind], text, zone, target)
        elif channel in _ADDRESSES:
            addresses += _addresses(channel, kind, text)
        elif target == "tags":
            found = [each.strip() for each in _TAGS.split(text) if each.strip()]
            values["tags"] = (*values.get("tags", ()), *found)
        elif target == "note" and "note" in values:
            values["note"] += "\n" + text
        else:
            values[target] = _value(target, text)
    if own:
        values["custom"] = own
    return Wanted(values=values, addresses=tuple(addresses))


def _addresses(channel: str, kind: str, text: str) -> Iterable[NewAddress]:
    parts = _SPLIT[channel].split(text) if channel in _SPLIT else [text]
    for part in filter(None, map(str.strip, parts)):
        value = digits(part, "phone") if channel == "phone" else part
        yield NewAddress(channel=channel, value=value, kind=kind)


def _value(target: str, text: str) -> Any:
    match target:
        case "number" | "id_number":
            return digits(text, target)
        case "kind":
            return _one_of(_KINDS, text, target)
        case "language":
            return _one_of(_LANGUAGES, text, target)
        case "save_desk":
            return _truth(text, target)
        case "balance":
            return amount(text, target)
        case _:
            return text


def digits(text: str, field: str) -> str:
    """A number that is a name: `13800138000.0` is what a spreadsheet makes of eleven digits. What it has cut
    short (`1.38E+10`) can't be known any more. Raises `Refusal`."""
    if "•" in text:
        raise Refusal("this is masked, as in lists: only the whole of it can be imported", field=field)
    if match := _WHOLE.fullmatch(text):
        return match[1]
    if match := _SCIENTIFIC.fullmatch(text):
        first, rest, power = match[1], match[2] or "", int(match[3])
        if len(rest) != power or len(first + rest) > 15:
            raise Refusal(
                f"a spreadsheet has cut this number short ({text}), and its digits are lost: format the "
                "column as text, enter the number again, and save",
                field=field,
            )
        return first + rest
    return text


def amount(text: str, field: str) -> str:
    """`¥1,234.50` as `1234.50`. Raises `Refusal`."""
    plain = unicodedata.normalize("NFKC", text).strip("¥￥$€£元 ").replace(",", "").replace(" ", "")
    if not re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]+)?", plain):
        raise Refusal("not an amount", field=field)
    return plain.lstrip("+")


def _truth(text: str, field: str) -> bool:
    plain = text.casefold()
    if plain in _YES or plain in _NO:
        return plain in _YES
    raise Refusal("yes or no", field=field)


def _one_of(known: Mapping[str, str], text: str, field: str) -> str:
    if (found := known.get(unicodedata.normalize("NFKC", text).casefold())) is None:
        raise Refusal(f"one of {', '.join(dict.fromkeys(known.values()))}", field=field)
    return found


def _of_type(field: Field, text: str, zone: str, name: str) -> Any:
    """A cell as the custom field's own check wants it."""
    match field.type:
        case FieldType.NUMBER:
            plain = amount(text, name)
            return float(plain) if "." in plain else int(plain)
        case FieldType.AMOUNT:
            return amount(text, name)
        case FieldType.DATE:
            day, rest = _day(text, name)
            if rest and not re.fullmatch(r"[T\s]+0?0:00(:00)?", rest):
                raise Refusal("a day without a time, such as 2026-03-31", field=name)
            return day.isoformat()
        case FieldType.MOMENT:
            return _moment(text, zone, name)
        case FieldType.BOOLEAN:
            return _truth(text, name)
        case FieldType.CHOICE:
            return _choice(field, text)
        case FieldType.CHOICES:
            return [_choice(field, each.strip()) for each in _TAGS.split(text) if each.strip()]
        case FieldType.PHONE:
            return digits(text, name)
        case _:
            return text


def _day(text: str, name: str) -> tuple[date, str]:
    """Year, month, day in this order: in which order 3/4/2026 is meant, nobody knows."""
    match = _DAY.match(text)
    wrong = Refusal("a day as year-month-day, such as 2026-03-31", field=name)
    if match is None:
        raise wrong
    try:
        return date(int(match[1]), int(match[2]), int(match[3])), text[match.end() :]
    except ValueError:
        raise wrong from None


def _moment(text: str, zone: str, name: str) -> float:
    day, rest = _day(text, name)
    clock = _TIME.fullmatch(rest) if rest else None
    wrong = Refusal("a time such as 2026-03-31 14:30", field=name)
    if rest and clock is None:
        raise wrong
    hour, minute, second = (int(each or 0) for each in clock.groups()) if clock else (0, 0, 0)
    try:
        at = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=ZoneInfo(zone))
    except ValueError:
        raise wrong from None
    return at.timestamp()


def _choice(field: Field, text: str) -> str:
    """The choice that has this value or title; what has none is left to the field's own check to name."""
    plain = _plain(text)
    for choice in field.choices:
        if plain in (_plain(choice.value), *map(_plain, choice.title.values())):
            return choice.value
    return text
