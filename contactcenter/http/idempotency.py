"""`Idempotency-Key`: a POST that is sent twice, because its answer was lost on the way, counts once.

The key belongs to the user. The same request under it gets the stored answer, for a day and as long as the
user may do and see the same; another request is refused. Refusals are not stored: they changed nothing, and
may be sent again as they are or corrected.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from contactcenter.crm import idempotency
from contactcenter.crm.access import Reader
from contactcenter.crm.idempotency import LOST, Claim, Kept
from contactcenter.http.problems import Problem
from contactcenter.http.visit import Visit

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
"""The header of an answer that was stored: nothing was done this time."""
PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}$"

_KEPT_HEADERS = ("Content-Type", "Cache-Control", "ETag", "Location")


async def once(
    visit: Visit, key: str, body: bytes, serve: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Serve the request, unless it was served under this key before. Raises `Problem`, as `serve` does."""
    if not re.fullmatch(PATTERN, key):
        raise Problem(422, "invalid", "1 to 128 letters, digits and . _ : @ -, no mark first.", field=HEADER)
    edge, login = visit.edge, visit.visitor.login
    request = hashlib.sha256(f"{visit.request.method} {visit.request.path}\n".encode() + body).hexdigest()
    async with edge.turns.of(login, key):
        rights = _rights(visit.visitor.reader)
        claim = Claim(login=login, key=key, request=request, at=edge.now(), rights=rights)
        if known := await edge.store.read(idempotency.find, claim):
            return _replayed(known)
        before = idempotency.claim.set(claim)
        try:
            answer = await serve()
        finally:
            idempotency.claim.reset(before)
        if isinstance(answer, web.Response) and answer.status < 300:
            headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
            text = answer.body.decode() if isinstance(answer.body, bytes) else ""
            await edge.store.write(idempotency.keep, claim, answer.status, headers, text)
        return answer


def _rights(reader: Reader) -> str:
    """What says what somebody may do and see."""
    parts = (
        reader.role, sorted(reader.rights), sorted(reader.scopes.items()), reader.teams,
        sorted(reader.queues), sorted(reader.hidden),
    )  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _replayed(known: Kept) -> web.Response:
    if not known.same:
        raise Problem(
            422, "key_reused", "This key was used for another request: make up a new one.", field=HEADER
        )
    if known.status == LOST:
        raise Problem(
            409,
            "answer_lost",
            "This request was carried out. Its answer was lost, or your rights changed since: look at what "
            "it made.",
            field=HEADER,
        )
    headers = {**known.headers, REPLAYED: "true"}
    return web.Response(status=known.status, body=known.body.encode() or None, headers=headers)
