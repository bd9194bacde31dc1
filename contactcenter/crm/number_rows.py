"""Number rows: what a row of a do-not-call list says. It runs in the process that reads the file, as
`lead_rows.py` does."""

from collections.abc import Sequence
from typing import Any

from contactcenter.crm.cells import check_width, moment, phones
from contactcenter.crm.errors import Refusal
from contactcenter.crm.phone_numbers import e164
from contactcenter.crm.targets import Target
from contactcenter.crm.targets import target as _target
from contactcenter.crm.text import entered

TARGETS: tuple[Target, ...] = (
    _target("phone", "电话", "Phone", "电话号码", "手机", "手机号", "手机号码", "号码", "telephone", "tel",
            "phone number", "mobile", "number", "msisdn", many=True),
    _target("area_code", "区号", "Area code", "area", "npa"),
    _target("reason", "原因", "Reason", "备注", "说明", "note", "remark"),
    _target("asked_at", "提出的时间", "Asked on", "日期", "时间", "date", "asked", "since"),
)  # fmt: skip
"""Everything that a column can go into. The national list of the United States comes as area code and
number."""


class NumberRows:
    """What rows say, by the terms of one import."""

    def __init__(self, into: Sequence[str], region: str, zone: str) -> None:
        """The target of each column, whose numbers those without a country code are, and whose times of the
        day cells mean."""
        self._into = into
        self._region = region
        self._zone = zone

    def read(self, cells: Sequence[str]) -> dict[str, Any]:
        """What a row says, as JSON. Raises `Refusal`, naming the target."""
        check_width(cells, self._into)
        said: dict[str, str] = {}
        written: list[str] = []
        for cell, target in zip(cells, self._into, strict=False):
            text = cell.strip()
            if target == "phone":
                written += phones(text)
            elif text and target:
                said[target] = text
        if not written:
            raise Refusal("there is no number", field="phone")
        area = said.get("area_code", "")
        numbers = [e164(area + each, self._region, "phone") for each in written]
        given = said.get("asked_at", "")
        return {
            "numbers": list(dict.fromkeys(numbers)),
            "reason": entered(said.get("reason", ""), "reason", 500),
            "at": moment(given, self._zone, "asked_at") if given else None,
        }
