"""Digest authentication of requests (RFC 2617, RFC 7616) with MD5 or SHA-256 and qop=auth."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

_FIELD = re.compile(r'([A-Za-z0-9-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",\s]*))', re.DOTALL)
_ALGORITHMS = {"MD5": "md5", "SHA-256": "sha256"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs in; the password never appears in a repr, hence in no log."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials({self.user!r})"


def fields(value: str) -> dict[str, str]:
    """The fields of a `Digest …` header value, names in lower case, quoting undone; {} for another scheme."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return {}
    return {
        match[1].lower(): re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        for match in _FIELD.finditer(rest)
    }


def answer(challenge: str, who: Credentials, method: str, uri: str, cnonce: str | None = None) -> str | None:
    """The (Proxy-)Authorization value for one challenge; None when it asks for what we do not speak."""
    asked = fields(challenge)
    algorithm = asked.get("algorithm", "MD5")
    hasher = _ALGORITHMS.get(algorithm.upper())
    qops = [qop.strip() for qop in asked.get("qop", "").split(",") if qop.strip()]
    if hasher is None or not asked.get("nonce") or (qops and "auth" not in qops):
        return None

    def digest(text: str) -> str:
        return hashlib.new(hasher, text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()

    realm, nonce = asked.get("realm", ""), asked["nonce"]
    secret, what = digest(f"{who.user}:{realm}:{who.password}"), digest(f"{method}:{uri}")
    given = {"username": who.user, "realm": realm, "nonce": nonce, "uri": uri}
    bare = f"algorithm={algorithm}"
    if qops:
        given["cnonce"] = cnonce or secrets.token_hex(8)
        given["response"] = digest(f"{secret}:{nonce}:00000001:{given['cnonce']}:auth:{what}")
        bare += ", qop=auth, nc=00000001"
    else:
        given["response"] = digest(f"{secret}:{nonce}:{what}")
    if "opaque" in asked:
        given["opaque"] = asked["opaque"]
    quoted = {key: value.replace("\\", "\\\\").replace('"', '\\"') for key, value in given.items()}
    return "Digest " + ", ".join(f'{key}="{value}"' for key, value in quoted.items()) + ", " + bare
