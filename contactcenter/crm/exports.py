"""Exports: lists as tables for other programs, a page at a time, as long as they may be.

Each page is read anew with the rights that its reader has at that moment, through the list's own reading
function: what he does not see in the list is not in the table, and what is hidden from him has no column.
Personal data is masked as it is in lists.
"""

import json
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from contactcenter.crm import audit, customers, followups, interactions, readers, requests
from contactcenter.crm import fields as definitions
from contactcenter.crm.access import Kind, Reader, Right
from contactcenter.crm.audit import AuditRow
from contactcenter.crm.customers import Customer
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.values import frozen

PAGE = 50
"""Rows that are read at a time: so few that calls hardly notice."""


class Exported(StrEnum):
    """What can be exported."""

    CUSTOMERS = "customers"
    REQUESTS = "requests"
    FOLLOWUPS = "followups"
    INTERACTIONS = "interactions"
    AUDIT = "audit"


RIGHTS: Mapping[Exported, Right] = {
    Exported.CUSTOMERS: Right.CUSTOMERS_EXPORT,
    Exported.REQUESTS: Right.REQUESTS_EXPORT,
    Exported.FOLLOWUPS: Right.REQUESTS_EXPORT,
    Exported.INTERACTIONS: Right.INTERACTIONS_EXPORT,
    Exported.AUDIT: Right.AUDIT_EXPORT,
}


@frozen
class Rows:
    """A page of a table."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    next: str


def page(
    db: Connection,
    what: Exported,
    login: str,
    given: Mapping[str, Any],
    *,
    zone: str,
    language: str,
    wanted: Collection[str] = (),
    cursor: str = "",
) -> Rows:
    """The rows of what `given` chooses (as the list takes it), from `cursor` on; of the `wanted` columns, or
    of all.

    Raises `Refusal`: `no_right` when the user may not export any more, or what the list's function raises.
    """
    known = readers.of(db, login)
    if known is None or not known.reader.may(RIGHTS[what]):
        raise Refusal("you may not export this any more", code="no_right")
    reader = known.reader
    shown = columns(db, what, reader, zone)
    if unknown := [name for name in wanted if name not in {each.name for each in shown}]:
        raise Refusal(f"there is no column {unknown[0][:64]!r} for you", field="columns")
    chosen = [each for each in shown if not wanted or each.name in wanted]
    match what:
        case Exported.CUSTOMERS:
            found: Page[Any] = customers.page(db, reader=reader, cursor=cursor, limit=PAGE, **given)
        case Exported.INTERACTIONS:
            found = _interactions(db, reader, cursor, given)
        case Exported.REQUESTS:
            found = requests.page(db, reader, given["filter_"], cursor=cursor, limit=PAGE)
        case Exported.FOLLOWUPS:
            found = followups.page(db, reader, given["filter_"], cursor=cursor, limit=PAGE)
        case Exported.AUDIT:
            found = audit.page(db, reader=reader, cursor=cursor, limit=PAGE, **given)
    return Rows(
        header=tuple(each.title[language] for each in chosen),
        rows=tuple(tuple(each.cell(record) for each in chosen) for record in found.items),
        next=found.next,
    )


@frozen
class Column:
    """One column of a table."""

    name: str
    title: Mapping[str, str]
    """zh, en."""
    cell: Callable[[Any], str]


def columns(db: Connection, what: Exported, reader: Reader, zone: str) -> list[Column]:
    """The columns that the reader's table has: none of what is hidden from him."""
    at_zone = ZoneInfo(zone)
    match what:
        case Exported.CUSTOMERS:
            return _customer_columns(db, reader, at_zone)
        case Exported.INTERACTIONS:
            return _plain_columns(_INTERACTION, reader, Kind.INTERACTION, at_zone)
        case Exported.REQUESTS:
            plain = _plain_columns(_REQUEST, reader, Kind.REQUEST, at_zone)
            return plain + _custom_columns(db, reader, Kind.REQUEST)
        case Exported.FOLLOWUPS:
            return _plain_columns(_FOLLOWUP, reader, Kind.FOLLOWUP, at_zone)
        case Exported.AUDIT:
            return _audit_columns(at_zone)


def _column(name: str, zh: str, en: str, cell: Callable[[Any], str]) -> Column:
    return Column(name=name, title={"zh": zh, "en": en}, cell=cell)


# --- customers ---


def _customer_columns(db: Connection, reader: Reader, zone: ZoneInfo) -> list[Column]:
    """Under the names by which an import knows them."""

    def at(channel: str) -> Callable[[Customer], str]:
        return lambda one: "; ".join(
            f"{each.value};ext={each.extension}" if each.extension else each.value
            for each in one.addresses
            if each.channel == channel
        )

    columns: list[tuple[str, Column]] = [
        ("number", _column("number", "客户编号", "Account number", lambda one: one.number)),
        ("kind", _column("kind", "类别", "Person or organisation", lambda one: one.kind)),
        ("name", _column("name", "姓名", "Name", lambda one: one.name)),
        ("phones", _column("phone", "电话", "Phone", at("phone"))),
        ("addresses", _column("email", "电子邮箱", "E-mail", at("email"))),
        ("addresses", _column("wechat", "微信", "WeChat", at("wechat"))),
        ("addresses", _column("post", "地址", "Address", at("post"))),
        ("company", _column("company", "公司", "Company", lambda one: one.company)),
        ("tier", _column("tier", "等级", "Tier", lambda one: one.tier)),
        ("category", _column("category", "分类", "Category", lambda one: one.category)),
        ("tags", _column("tags", "标签", "Tags", lambda one: "; ".join(one.tags))),
        ("save_desk", _column("save_desk", "挽留", "To be kept", lambda one: "yes" if one.save_desk else "")),
        ("language", _column("language", "语言", "Language", lambda one: one.language)),
        ("balance", _column("balance", "余额", "Balance", lambda one: one.balance)),
        ("note", _column("note", "备注", "Note", lambda one: one.note)),
        ("id_number", _column("id_number", "证件号", "ID number", lambda one: one.id_number)),
        ("owner", _column("owner", "负责人", "Owner", lambda one: one.owner)),
        ("team", _column("team", "团队", "Team", lambda one: one.team)),
        (
            "",
            _column(
                "do_not_contact", "请勿联系", "Do not contact", lambda one: "; ".join(one.do_not_contact)
            ),
        ),
        ("", _column("created_at", "建档时间", "Created", lambda one: _time(one.created_at, zone))),
        ("", _column("updated_at", "更新时间", "Changed", lambda one: _time(one.updated_at, zone))),
    ]
    hidden = {name for name, _ in columns if reader.hides(Kind.CUSTOMER, name)}
    shown = [column for name, column in columns if name not in hidden]
    return shown + _custom_columns(db, reader, Kind.CUSTOMER)


def _custom_columns(db: Connection, reader: Reader, kind: Kind) -> list[Column]:
    return [
        Column(name=f"custom.{field.name}", title=field.title, cell=_custom(field.name))
        for field in definitions.all_of(db, kind.value)
        if not reader.hides(kind, f"custom.{field.name}")
    ]


def _custom(name: str) -> Callable[[Any], str]:
    def cell(one: Any) -> str:
        value = one.custom.get(name)
        match value:
            case None:
                return ""
            case bool():
                return "yes" if value else "no"
            case list():
                return "; ".join(map(str, value))
            case _:
                return str(value)

    return cell


# --- what has plain columns ---


_INTERACTION = {
    "id": ("编号", "Id"), "channel": ("渠道", "Way of contact"), "direction": ("方向", "Direction"),
    "did": ("被叫号码", "Number called"), "caller": ("主叫号码", "Caller"),
    "caller_name": ("主叫名称", "Caller's name"), "language": ("语言", "Language"),
    "customer": ("客户", "Customer"), "match": ("匹配方式", "Match"), "queue": ("队列", "Queue"),
    "agent": ("坐席", "Agent"), "outcome": ("结果", "Outcome"), "disposition": ("小结", "Disposition"),
    "note": ("备注", "Note"), "arrived_at": ("进线时间", "Arrived"), "queued_at": ("排队时间", "Queued"),
    "answered_at": ("接通时间", "Answered"), "ended_at": ("结束时间", "Ended"),
    "waited_s": ("等待秒数", "Waited (s)"), "talked_s": ("通话秒数", "Talked (s)"),
    "wrapped_s": ("整理秒数", "Wrap-up (s)"), "offers": ("振铃次数", "Offers"),
}  # fmt: skip
_REQUEST = {
    "number": ("工单号", "Number"),
    "customer": ("客户", "Customer"),
    "customer_name": ("客户姓名", "Customer's name"), "kind": ("类型", "Kind"),
    "subject": ("主题", "Subject"), "problem": ("问题", "Problem"), "solution": ("解决方案", "Solution"),
    "state": ("状态", "State"), "priority": ("优先级", "Priority"), "owner": ("负责人", "Owner"),
    "team": ("团队", "Team"), "queue": ("队列", "Queue"), "due_at": ("到期时间", "Due"),
    "opened_at": ("创建时间", "Opened"), "opened_by": ("创建人", "Opened by"),
    "updated_at": ("更新时间", "Changed"), "solved_at": ("解决时间", "Solved"),
    "closed_at": ("关闭时间", "Closed"),
}  # fmt: skip
_FOLLOWUP = {
    "customer": ("客户", "Customer"),
    "customer_name": ("客户姓名", "Customer's name"), "title": ("标题", "Title"), "note": ("备注", "Note"),
    "state": ("状态", "State"), "owner": ("负责人", "Owner"), "team": ("团队", "Team"),
    "due_at": ("到期时间", "Due"), "result": ("结果", "Result"), "created_at": ("创建时间", "Created"),
    "created_by": ("创建人", "Created by"), "done_at": ("完成时间", "Done"), "done_by": ("完成人", "Done by"),
}  # fmt: skip


def _plain_columns(
    titles: Mapping[str, tuple[str, str]], reader: Reader, kind: Kind, zone: ZoneInfo
) -> list[Column]:
    def of(name: str) -> Callable[[Any], str]:
        def cell(record: Any) -> str:
            value = record[name] if isinstance(record, dict) else getattr(record, name)
            if name.endswith("_at"):
                return _time(value, zone)
            return "" if value is None else str(value)

        return cell

    return [_column(name, *title, of(name)) for name, title in titles.items() if not reader.hides(kind, name)]


def _audit_columns(zone: ZoneInfo) -> list[Column]:
    """All that the hash of a row covers, as it covers it, so that another program can follow the chain."""

    def json_of(name: str) -> Callable[[AuditRow], str]:
        def cell(row: AuditRow) -> str:
            value = getattr(row, name)
            return "" if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)

        return cell

    return [
        _column("seq", "序号", "Number", lambda row: str(row.seq)),
        _column("time", "时间", "Time", lambda row: _time(row.at, zone)),
        _column("at", "时间戳", "Seconds since 1970", lambda row: repr(row.at)),
        _column("login", "用户", "User", lambda row: row.login),
        _column("act", "操作", "Act", lambda row: row.act),
        _column("kind", "类别", "Kind", lambda row: row.kind),
        _column("object", "对象", "Object", lambda row: row.object),
        _column("granted", "准许", "Granted", lambda row: "yes" if row.granted else "no"),
        _column("before", "之前", "Before", json_of("before")),
        _column("after", "之后", "After", json_of("after")),
        _column("detail", "详情", "Detail", json_of("detail")),
        _column("hash", "校验值", "Hash", lambda row: row.hash),
    ]


def _interactions(db: Connection, reader: Reader, cursor: str, given: Mapping[str, Any]) -> Page[Any]:
    filters = {name: value for name, value in given.items() if name not in ("since", "until") and value}
    return interactions.page(
        db, reader, filters=filters, since=given.get("since"), until=given.get("until"), cursor=cursor,
        limit=PAGE,
    )  # fmt: skip


def _time(at: float | None, zone: ZoneInfo) -> str:
    return "" if at is None else datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M:%S")
