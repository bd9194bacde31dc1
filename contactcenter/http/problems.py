"""What went wrong with a request, in the form of RFC 9457 (`application/problem+json`)."""

from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field


class ProblemDocument(BaseModel):
    """The body of every answer that is an error."""

    model_config = ConfigDict(extra="forbid")

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int = Field(ge=400, le=599)
    code: str = Field(description="For programs: stays the same over versions and languages.")
    detail: str = Field(description="For people.")
    field: str = Field(default="", description="The field of the request that is wrong, if it is one field.")


class Problem(Exception):
    """The request is refused. Handlers raise it; the outermost middleware turns it into the document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        field: str = "",
        retry_after_s: float | None = None,
        allow: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.retry_after_s = retry_after_s
        self.allow = allow

    def response(self) -> web.Response:
        """The answer to send."""
        document = ProblemDocument(
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            code=self.code,
            detail=self.detail,
            field=self.field,
        )
        headers = {}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, round(self.retry_after_s)))
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer realm="contactcenter"'
        if self.allow:
            headers["Allow"] = ", ".join(sorted(self.allow))
        return web.Response(
            status=self.status,
            text=document.model_dump_json(),
            content_type="application/problem+json",
            headers=headers,
        )


def not_found(what: str) -> Problem:
    """Nothing by that name, or nothing that this user may know of: the two must look the same."""
    return Problem(404, "unknown_" + what, f"There is no such {what}.")


STATUS = {"unknown": 404, "illegal_now": 409, "invalid": 422, "not_yours": 403}


def refused(code: str, message: str, field: str) -> Problem:
    """The center's refusal of an event, with the status that its code means."""
    return Problem(STATUS.get(code, 409), code, message, field=field)


def first_error(errors: list[Any]) -> Problem:
    """The first of pydantic's errors, as the 422 that names its field."""
    error = errors[0]
    field = ".".join(str(part) for part in error["loc"])
    return Problem(422, "invalid", error["msg"], field=field)
