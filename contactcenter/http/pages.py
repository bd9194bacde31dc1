"""The pages: one shell, rendered in the visitor's language and theme, and the built files that it loads.

The shell is the same for every address; what is shown there is the browser's work. So nothing that came from
a caller is ever put into HTML by the server.
"""

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict

from contactcenter.crm.exports import RIGHTS
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("pages")

FOREVER = "public, max-age=31536000, immutable"
EXPORTING = tuple(RIGHTS.values())
THEMES, LANGUAGES = ("light", "dark"), ("zh", "en")


class Asked(BaseModel):
    """What a list is asked for stands in its page's address: the page reads it there."""

    model_config = ConfigDict(extra="ignore")


@routes.get("/", right=Right.SIGNED_IN, media_type="text/html")
async def home(visit: Visit, query: Asked) -> web.Response:
    """The agent's desk, or the supervisor's view."""
    return _shell(visit)


@routes.get("/customers", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def customers(visit: Visit, query: Asked) -> web.Response:
    """The list of customers."""
    return _shell(visit, allowed=visit.visitor.may(Right.CUSTOMERS_READ))


@routes.get("/customers/{id}", right=Right.SIGNED_IN, of=Kind.CENTER, also=(403,), media_type="text/html")
async def customer(visit: Visit, id: str) -> web.Response:
    """One customer, seen from all sides; `new`: one who is to be."""
    return _shell(visit, allowed=visit.visitor.may(Right.CUSTOMERS_READ))


@routes.get("/duplicates", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def duplicates(visit: Visit, query: Asked) -> web.Response:
    """Pairs of records that may be one customer."""
    return _shell(visit, allowed=visit.visitor.may(Right.CUSTOMERS_MERGE))


@routes.get("/fields", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def fields(visit: Visit) -> web.Response:
    """The definitions of custom fields."""
    return _shell(visit, allowed=visit.visitor.may(Right.FIELDS_WRITE))


@routes.get("/history", right=Right.SIGNED_IN, media_type="text/html")
async def history(visit: Visit, query: Asked) -> web.Response:
    """What happened."""
    return _shell(visit)


@routes.get("/history/{id}", right=Right.SIGNED_IN, of=Kind.CENTER, media_type="text/html")
async def history_of_one(visit: Visit, id: str) -> web.Response:
    """One interaction."""
    return _shell(visit)


@routes.get("/requests", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def requests_board(visit: Visit, query: Asked) -> web.Response:
    """What customers want of us."""
    return _shell(visit, allowed=visit.visitor.may(Right.REQUESTS_READ))


@routes.get("/requests/{id}", right=Right.SIGNED_IN, of=Kind.CENTER, also=(403,), media_type="text/html")
async def one_request(visit: Visit, id: str) -> web.Response:
    """One request."""
    return _shell(visit, allowed=visit.visitor.may(Right.REQUESTS_READ))


@routes.get("/followups", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def due_list(visit: Visit, query: Asked) -> web.Response:
    """What is to be done later."""
    return _shell(visit, allowed=visit.visitor.may(Right.FOLLOWUPS_READ))


@routes.get("/followups/{id}", right=Right.SIGNED_IN, of=Kind.CENTER, also=(403,), media_type="text/html")
async def one_followup(visit: Visit, id: str) -> web.Response:
    """One follow-up."""
    return _shell(visit, allowed=visit.visitor.may(Right.FOLLOWUPS_READ))


@routes.get("/appointments", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def appointments_list(visit: Visit, query: Asked) -> web.Response:
    """Calls agreed on for a time."""
    return _shell(visit, allowed=visit.visitor.may(Right.APPOINTMENTS_READ))


@routes.get("/campaigns", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def campaigns_list(visit: Visit, query: Asked) -> web.Response:
    """Campaigns."""
    return _shell(visit, allowed=visit.visitor.may(Right.CAMPAIGNS_READ))


@routes.get("/campaigns/{id}", right=Right.SIGNED_IN, of=Kind.CENTER, also=(403,), media_type="text/html")
async def one_campaign(visit: Visit, id: str, query: Asked) -> web.Response:
    """One campaign."""
    return _shell(visit, allowed=visit.visitor.may(Right.CAMPAIGNS_READ))


@routes.get("/imports", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def list_of_imports(visit: Visit) -> web.Response:
    """Customers from files."""
    return _shell(visit, allowed=visit.visitor.may(Right.CUSTOMERS_IMPORT))


@routes.get("/imports/{id}", right=Right.SIGNED_IN, of=Kind.CENTER, also=(403,), media_type="text/html")
async def one_import(visit: Visit, id: str) -> web.Response:
    """One import."""
    return _shell(visit, allowed=visit.visitor.may(Right.CUSTOMERS_IMPORT))


@routes.get("/exports", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def exports(visit: Visit) -> web.Response:
    """Lists as files."""
    return _shell(visit, allowed=any(map(visit.visitor.may, EXPORTING)))


@routes.get("/users", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def users(visit: Visit) -> web.Response:
    """Who may sign in."""
    return _shell(visit, allowed=visit.visitor.may(Right.USERS_READ))


@routes.get("/users/{id}", right=Right.SIGNED_IN, of=Kind.CENTER, also=(403,), media_type="text/html")
async def one_user(visit: Visit, id: str) -> web.Response:
    """One user."""
    return _shell(visit, allowed=visit.visitor.may(Right.USERS_READ))


@routes.get("/teams", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def teams(visit: Visit) -> web.Response:
    """Who works with whom."""
    return _shell(visit, allowed=visit.visitor.may(Right.USERS_READ))


@routes.get("/roles", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def roles(visit: Visit) -> web.Response:
    """What one may do."""
    return _shell(visit, allowed=visit.visitor.may(Right.USERS_READ))


@routes.get("/roles/{id}", right=Right.SIGNED_IN, of=Kind.CENTER, also=(403,), media_type="text/html")
async def one_role(visit: Visit, id: str) -> web.Response:
    """One role."""
    return _shell(visit, allowed=visit.visitor.may(Right.USERS_READ))


@routes.get("/settings", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def settings(visit: Visit) -> web.Response:
    """The configuration; for who may change all of it."""
    return _shell(
        visit, allowed=visit.visitor.may(Right.CONFIGURATION_WRITE) and not visit.visitor.reader.limit()
    )


@routes.get("/audit", right=Right.SIGNED_IN, also=(403,), media_type="text/html")
async def audit(visit: Visit, query: Asked) -> web.Response:
    """Who did what; for supervisors."""
    return _shell(visit, allowed=visit.visitor.may(Right.AUDIT_READ))


@routes.get("/sign-in", right=Right.PUBLIC, media_type="text/html")
async def sign_in_page(visit: Visit) -> web.Response:
    """Where one signs in."""
    return _shell(visit)


@routes.get("/static/{name}", right=Right.PUBLIC, of=Kind.CENTER)
async def static(visit: Visit, name: str) -> web.FileResponse:
    """A built file. Its name holds the hash of its content, so it never changes."""
    return web.FileResponse(visit.edge.shell.file(name), headers={"Cache-Control": FOREVER})


def _shell(visit: Visit, *, allowed: bool = True) -> web.Response:
    """The page; to who is not allowed it says so in words, and the status does."""
    request = visit.request
    theme, language = request.cookies.get("theme", ""), request.cookies.get("language", "")
    if language not in LANGUAGES:
        accepted = request.headers.get(hdrs.ACCEPT_LANGUAGE, "").lower()
        language = "zh" if accepted.startswith("zh") else "en"
    text = visit.edge.shell.render(language=language, theme=theme if theme in THEMES else "")
    status = 200 if allowed else 403
    headers = {"Cache-Control": "no-store"}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)
