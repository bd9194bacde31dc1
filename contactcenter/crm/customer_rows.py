"""Customer rows: which fields of a customer columns can go into, and what a row of such cells says of one."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contactcenter.crm import cells as meant
from contactcenter.crm.addresses import NewAddress
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.errors import Refusal
from contactcenter.crm.fields import Field, FieldType
from contactcenter.crm.targets import Target
from contactcenter.crm.targets import target as _target
from contactcenter.values import frozen

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
_EMAILS = re.compile(r"[;；、,，\s]+")
_KINDS = {
    "person": "person", "个人": "person", "自然人": "person", "individual": "person", "contact": "person",
    "organisation": "organisation", "organization": "organisation", "企业": "organisation",
    "公司": "organisation", "单位": "organisation", "机构": "organisation", "company": "organisation",
}  # fmt: skip


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


@frozen
class Wanted:
    """What a row says of a customer: only what is not empty in it."""

    values: Mapping[str, Any]
    """By the names that `NewCustomer` has, without addresses."""
    addresses: tuple[NewAddress, ...]

    def new(self, **more: Any) -> NewCustomer:
        """As a new customer."""
        return NewCustomer(**{"name": "", **self.values, "addresses": self.addresses, **more})


def wanted(cells: Sequence[str], into: Sequence[str], custom: Mapping[str, Field], zone: str) -> Wanted:
    """What a row says, by the target of each column. `zone` is whose times of the day cells with a time mean.
    Raises `Refusal`, naming the field."""
    meant.check_width(cells, into)
    values: dict[str, Any] = {}
    own: dict[str, Any] = {}
    addresses: list[NewAddress] = []
    for cell, target in zip(cells, into, strict=False):
        text = cell.strip()
        if not text or not target:
            continue
        channel, _, kind = target.partition(".")
        if channel == "custom":
            own[kind] = _of_type(custom[kind], text, zone, target)
        elif channel in _ADDRESSES:
            addresses += _addresses(channel, kind, text)
        elif target == "tags":
            found = [each.strip() for each in meant.SEPARATORS.split(text) if each.strip()]
            values["tags"] = (*values.get("tags", ()), *found)
        elif target == "note" and "note" in values:
            values["note"] += "\n" + text
        else:
            values[target] = _value(target, text)
    if own:
        values["custom"] = own
    return Wanted(values=values, addresses=tuple(addresses))


def _addresses(channel: str, kind: str, text: str) -> Iterable[NewAddress]:
    parts: Iterable[str] = [text]
    if channel == "phone":
        parts = meant.phones(text)
    elif channel == "email":
        parts = filter(None, map(str.strip, _EMAILS.split(text)))
    return (NewAddress(channel=channel, value=part, kind=kind) for part in parts)


def _value(target: str, text: str) -> Any:
    match target:
        case "number" | "id_number":
            return meant.digits(text, target)
        case "kind":
            return meant.one_of(_KINDS, text, target)
        case "language":
            return meant.one_of(meant.LANGUAGES, text, target)
        case "save_desk":
            return meant.truth(text, target)
        case "balance":
            return meant.amount(text, target)
        case _:
            return text


def _of_type(field: Field, text: str, zone: str, name: str) -> Any:
    """A cell as the custom field's own check wants it."""
    match field.type:
        case FieldType.NUMBER:
            plain = meant.amount(text, name)
            return float(plain) if "." in plain else int(plain)
        case FieldType.AMOUNT:
            return meant.amount(text, name)
        case FieldType.DATE:
            day, rest = meant.day(text, name)
            if rest and not re.fullmatch(r"[T\s]+0?0:00(:00)?", rest):
                raise Refusal("a day without a time, such as 2026-03-31", field=name)
            return day.isoformat()
        case FieldType.MOMENT:
            return meant.moment(text, zone, name)
        case FieldType.BOOLEAN:
            return meant.truth(text, name)
        case FieldType.CHOICE:
            return _choice(field, text)
        case FieldType.CHOICES:
            return [_choice(field, each.strip()) for each in meant.SEPARATORS.split(text) if each.strip()]
        case FieldType.PHONE:
            return meant.digits(text, name)
        case _:
            return text


def _choice(field: Field, text: str) -> str:
    """The choice that has this value or title; what has none is left to the field's own check to name."""
    plain = meant.plain(text)
    for choice in field.choices:
        if plain in (meant.plain(choice.value), *map(meant.plain, choice.title.values())):
            return choice.value
    return text
