"""SIP messages as bytes and as values (RFC 3261).

What comes from the network is hostile: `parse` either returns a message whose Via, From, To, Call-ID and CSeq
can be used without another check, or raises `MalformedMessage`. What goes out is checked as well: a CR, LF or
NUL in any value would let a caller's name write headers of its own, so `to_bytes` refuses it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote

Address = tuple[str, int]
"""IPv4 address and UDP port."""
Headers = tuple[tuple[str, str], ...]

REASONS = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted", 400: "Bad Request",
    404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout", 420: "Bad Extension",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 486: "Busy Here",
    487: "Request Terminated", 488: "Not Acceptable Here", 491: "Request Pending",
    500: "Server Internal Error", 503: "Service Unavailable", 600: "Busy Everywhere", 603: "Decline",
}  # fmt: skip
_LONG = {
    "v": "via", "f": "from", "t": "to", "m": "contact", "i": "call-id", "l": "content-length",
    "c": "content-type", "k": "supported", "r": "refer-to", "b": "referred-by", "o": "event", "s": "subject",
}  # fmt: skip
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_BRANCH = re.compile(r";\s*branch\s*=\s*([^;,\s]+)", re.IGNORECASE)
_CSEQ = re.compile(r"([0-9]{1,10})[ \t]+([A-Za-z0-9.!%*_+`'~-]+)")
_PARAM = re.compile(r';\s*([^;="\s]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^;"\s]*))?', re.DOTALL)
_HOST_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]*)(?::([0-9]{1,5}))?")
_USER_SAFE = "-_.!~*'()&=+$,;?/"


class MalformedMessage(ValueError):
    """The bytes are no SIP message, or the value cannot stand in one."""


@dataclass(frozen=True, slots=True)
class Uri:
    """A `sip:` address. `user` is plain text, percent escapes undone; `parameters` and `headers` stay raw."""

    user: str
    host: str
    port: int | None = None
    parameters: str = ""
    headers: str = ""

    @classmethod
    def parse(cls, text: str) -> Uri:
        """Raises MalformedMessage unless `text` is a sip or sips URI."""
        scheme, colon, rest = text.partition(":")
        if not colon or scheme.lower() not in ("sip", "sips"):
            raise MalformedMessage(f"not a SIP URI: {text!r}")
        user, at, rest = rest.rpartition("@")
        address, _, headers = rest.partition("?")
        address, _, parameters = address.partition(";")
        match = _HOST_PORT.fullmatch(address)
        if match is None or not match[1] or int(match[2] or 0) > 65535:
            raise MalformedMessage(f"no host in the SIP URI: {text!r}")
        port = int(match[2]) if match[2] else None
        return cls(unquote(user, errors="surrogateescape") if at else "", match[1], port, parameters, headers)

    def __str__(self) -> str:
        user = quote(self.user, safe=_USER_SAFE, errors="surrogateescape") + "@" if self.user else ""
        port = f":{self.port}" if self.port is not None else ""
        parameters = f";{self.parameters}" if self.parameters else ""
        return f"sip:{user}{self.host}{port}{parameters}" + (f"?{self.headers}" if self.headers else "")


@dataclass(frozen=True, slots=True)
class NameAddr:
    """The value of From, To, Contact or Refer-To: a display name, an address, parameters such as the tag."""

    uri: Uri
    name: str = ""
    params: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, value: str) -> NameAddr:
        """Raises MalformedMessage; of a list of contacts it takes the first."""
        text, name = value.strip(), ""
        if text.startswith('"'):
            quoted = re.match(r'"((?:[^"\\]|\\.)*)"', text, re.DOTALL)
            if quoted is None:
                raise MalformedMessage("a quoted name without its end")
            name, text = re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL), text[quoted.end() :].lstrip()
        elif "<" in text:
            name, _, text = text.partition("<")
            name, text = name.strip(), "<" + text
        if text.startswith("<"):
            uri, closed, rest = text[1:].partition(">")
            if not closed:
                raise MalformedMessage("an address without its end")
        elif name:
            raise MalformedMessage("a name without an address")
        else:
            uri, _, rest = text.partition(";")
            rest = ";" + rest
        params: dict[str, str] = {}
        while match := _PARAM.match(rest):
            params.setdefault(match[1].lower(), match[2] or "")
            rest = rest[match.end() :].lstrip()
        return cls(Uri.parse(uri.strip()), name, params)

    @property
    def tag(self) -> str:
        return self.params.get("tag", "")

    def tagged(self, tag: str) -> NameAddr:
        return replace(self, params={**self.params, "tag": tag})

    def __str__(self) -> str:
        escaped = self.name.replace("\\", "\\\\").replace('"', '\\"')
        params = "".join(f";{key}={value}" if value else f";{key}" for key, value in self.params.items())
        return (f'"{escaped}" ' if self.name else "") + f"<{self.uri}>{params}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(ABC):
    """What requests and responses share. Content-Length is not kept: it is written from `body`."""

    headers: Headers
    body: bytes = b""

    @property
    @abstractmethod
    def start_line(self) -> str:
        """The first line, without its end."""

    def get(self, name: str) -> str:
        """The first value of a header, "" when it is missing; `name` in lower case."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def call_id(self) -> str:
        return self.get("call-id")

    @property
    def branch(self) -> str:
        match = _BRANCH.search(self.get("via"))
        return match[1] if match else ""

    @property
    def cseq(self) -> tuple[int, str]:
        match = _CSEQ.fullmatch(self.get("cseq"))
        if match is None:
            raise MalformedMessage("no usable CSeq")
        return int(match[1]), match[2]

    @property
    def from_(self) -> NameAddr:
        return NameAddr.parse(self.get("from"))

    @property
    def to(self) -> NameAddr:
        return NameAddr.parse(self.get("to"))

    def to_bytes(self) -> bytes:
        """Raises MalformedMessage when a value holds CR, LF or NUL, or text that UTF-8 has no bytes for."""
        lines = [self.start_line, *(f"{name}: {value}" for name, value in self.headers)]
        if any(character in line for line in lines for character in "\r\n\0"):
            raise MalformedMessage("CR, LF or NUL inside a header value")
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        try:
            return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body
        except UnicodeEncodeError as error:
            raise MalformedMessage(f"not encodable as UTF-8: {error.reason}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Message):
    method: str
    uri: str

    @property
    def start_line(self) -> str:
        return f"{self.method} {self.uri} SIP/2.0"

    def companion(self, method: str, to: str = "") -> Request:
        """The CANCEL of this INVITE, or the ACK of a refusal, which takes its To from the response."""
        names = ("from", "to", "call-id", "route")
        kept = [(name, value) for name, value in self.headers if name.lower() in names]
        headers = [(name, to if to and name.lower() == "to" else value) for name, value in kept]
        headers += [("CSeq", f"{self.cseq[0]} {method}"), ("Max-Forwards", "70")]
        return Request(method=method, uri=self.uri, headers=tuple(headers))

    def reply(
        self, status: int, *, tag: str = "", headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> Response:
        """The response to this request; `tag` is added to To where the request had none."""
        to = self.get("to")
        if tag and not self.to.tag:
            to += f";tag={tag}"
        copied = [(name, value) for name, value in self.headers if name.lower() in ("via", "record-route")]
        copied += [("From", self.get("from")), ("To", to)]
        copied += [("Call-ID", self.call_id), ("CSeq", self.get("cseq"))]
        return Response(status=status, reason=REASONS.get(status, ""), headers=(*copied, *headers), body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(Message):
    status: int
    reason: str

    @property
    def start_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason}"


def parse(data: bytes) -> Request | Response:
    """One datagram as a message. Raises MalformedMessage; nothing else, whatever the bytes."""
    head, blank, body = data.partition(b"\r\n\r\n")
    text = head.decode("utf-8", "surrogateescape")
    if not blank or "\0" in text:
        raise MalformedMessage("no end of the headers" if not blank else "NUL in the headers")
    start, *lines = text.split("\r\n")
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and headers:  # a folded line continues the value above
            headers[-1] = (headers[-1][0], (headers[-1][1] + " " + line.strip(" \t")).strip())
            continue
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if not colon or _TOKEN.fullmatch(name) is None:
            raise MalformedMessage(f"not a header: {line[:80]!r}")
        headers.append((_LONG.get(name.lower(), name), value.strip(" \t")))
    if "\r" in text.replace("\r\n", "") or "\n" in text.replace("\r\n", ""):
        raise MalformedMessage("a bare CR or LF in the headers")
    for value in [value for name, value in headers if name.lower() == "content-length"]:
        if re.fullmatch(r"[0-9]{1,6}", value) is None or int(value) > len(body):
            raise MalformedMessage("a Content-Length that the datagram does not hold")
        body = body[: int(value)]
    kept = tuple((name, value) for name, value in headers if name.lower() != "content-length")
    message = _with_start_line(start, kept, body)
    method = message.cseq[1]
    if isinstance(message, Request) and method != message.method:
        raise MalformedMessage("CSeq names another method")
    if not message.branch or not message.call_id:
        raise MalformedMessage("no branch or no Call-ID")
    _ = message.from_, message.to  # raise here, not where somebody uses them
    return message


def _with_start_line(start: str, headers: Headers, body: bytes) -> Request | Response:
    if start.startswith("SIP/2.0 "):
        status, _, reason = start[8:].partition(" ")
        if re.fullmatch(r"[1-6][0-9]{2}", status) is None:
            raise MalformedMessage(f"not a status: {status!r}")
        return Response(status=int(status), reason=reason, headers=headers, body=body)
    method, _, rest = start.partition(" ")
    uri, _, version = rest.partition(" ")
    if version != "SIP/2.0" or not uri or _TOKEN.fullmatch(method) is None:
        raise MalformedMessage(f"not a request line: {start[:80]!r}")
    return Request(method=method, uri=uri, headers=headers, body=body)
