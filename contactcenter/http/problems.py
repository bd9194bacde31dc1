"""What went wrong with a request, in the form of RFC 9457 (`application/problem+json`)."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from contactcenter.mistakes import Wrong


class FieldError(BaseModel):
    """One field that is wrong, and what to do."""

    field: str
    detail: str


class ProblemDocument(BaseModel):
    """The body of every answer that is an error."""

    model_config = ConfigDict(extra="forbid")

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int = Field(ge=400, le=599)
    code: str = Field(description="For programs: stays the same over versions and languages.")
    detail: str = Field(description="For people.")
    field: str = Field(default="", description="The field of the request that is wrong: the first of them.")
    errors: list[FieldError] = Field(default=[], description="Everything that is wrong with the body.")


class ConflictDocument(ProblemDocument):
    """The body of a 412: somebody else changed the record meanwhile. Look at both, and change `current`."""

    current: Any = Field(description="The record as it is now, as GET answers it; `ETag` is its version.")
    yours: Any = Field(description="The body that was sent; null without one.")


class Problem(Exception):
    """The request is refused. Handlers raise it; the outermost middleware turns it into the document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        field: str = "",
        errors: Iterable[Wrong] = (),
        retry_after_s: float | None = None,
        allow: frozenset[str] = frozenset(),
        content_range: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.errors = [FieldError(field=each.key, detail=each.says) for each in errors]
        self.retry_after_s = retry_after_s
        self.allow = allow
        self.content_range = content_range
        self.headers: dict[str, str] = {}

    def document(self) -> ProblemDocument:
        """The answer's body."""
        return ProblemDocument(
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            code=self.code,
            detail=self.detail,
            field=self.field,
            errors=self.errors,
        )

    def response(self) -> web.Response:
        """The answer to send."""
        headers = dict(self.headers)
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, round(self.retry_after_s)))
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer realm="contactcenter"'
        if self.allow:
            headers["Allow"] = ", ".join(sorted(self.allow))
        if self.content_range:
            headers["Content-Range"] = self.content_range
        return web.Response(
            status=self.status,
            text=self.document().model_dump_json(),
            content_type="application/problem+json",
            headers=headers,
        )


class Conflict(Problem):
    """The 412 of a change that was made to another version than the record has by now."""

    def __init__(self, detail: str, field: str, *, current: Any, yours: Any) -> None:
        super().__init__(412, "changed_meanwhile", detail, field=field)
        self.current = current
        self.yours = yours

    def document(self) -> ConflictDocument:
        """The answer's body, with both versions."""
        return ConflictDocument(**super().document().model_dump(), current=self.current, yours=self.yours)


def not_found(what: str) -> Problem:
    """Nothing by that name, or nothing that this user may know of: the two must look the same."""
    return Problem(404, "unknown_" + what, f"There is no such {what}.")


STATUS = {"unknown": 404, "illegal_now": 409, "invalid": 422, "not_yours": 403}


def refused(code: str, message: str, field: str) -> Problem:
    """The center's refusal of an event, with the status that its code means."""
    return Problem(STATUS.get(code, 409), code, message, field=field)


def invalid(wrong: list[Wrong], within: str = "") -> Problem:
    """The 422 that names every wrong field; `within` is the part of the body that they are in."""
    prefix = f"{within}." if within else ""
    errors = [each._replace(key=f"{prefix}{each.key}") for each in wrong]
    first = errors[0]
    return Problem(422, "invalid", first.says, field=first.key, errors=errors)
