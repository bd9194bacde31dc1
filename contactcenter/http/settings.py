"""What the HTTP edge is told when it is built."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from contactcenter.config import Configuration
from contactcenter.places import folder
from contactcenter.sections import Title
from contactcenter.values import frozen

WEB = folder("web")


@frozen
class Choice:
    """One entry of a menu."""

    code: str
    title: dict[str, str]
    """By language: `zh` and `en`."""


@frozen
class Menus:
    """What of the pages follows the configuration, while they are open."""

    dispositions: tuple[Choice, ...]
    pause_reasons: tuple[Choice, ...]
    queues: tuple[Choice, ...]
    skills: tuple[Choice, ...]
    request_kinds: tuple[Choice, ...]
    visible_to_agent: bool


def menus(configuration: Configuration) -> Menus:
    """What the pages offer by this configuration."""

    def choices(titles: Mapping[str, Title]) -> tuple[Choice, ...]:
        return tuple(Choice(code=code, title=title.model_dump()) for code, title in titles.items())

    return Menus(
        dispositions=choices(configuration.dispositions),
        pause_reasons=choices(configuration.pauses),
        queues=choices({name: queue.title for name, queue in configuration.queues.items()}),
        skills=choices(configuration.skills),
        request_kinds=choices(configuration.request_kinds),
        visible_to_agent=configuration.supervision.visible_to_agent,
    )


@frozen
class HttpSettings:
    """Where to listen, and what the pages offer."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0 takes a free one."""
    public_url: str = ""
    """The address that browsers use, when it differs from `http://host:port`: behind a proxy that does TLS.

    `https://` makes the cookie `Secure` and `__Host-`, and sends HSTS. Over plain HTTP a browser would drop
    such a cookie, so the default, which only listens on this machine, does without.
    """
    origins: tuple[str, ...] = ()
    """Further origins whose pages may open the websocket."""
    proxies: tuple[str, ...] = ()
    """Addresses of proxies whose `X-Forwarded-For` is believed."""
    web: Path = WEB
    version: str = ""
    dispositions: tuple[Choice, ...] = ()
    pause_reasons: tuple[Choice, ...] = ()
    queues: tuple[Choice, ...] = ()
    """All queues' titles."""
    skills: tuple[Choice, ...] = ()
    """All skills' titles."""
    request_kinds: tuple[Choice, ...] = ()
    phones: tuple[str, ...] = ()
    answerable: frozenset[str] = frozenset()
    """Phones that the center can answer: simulated ones."""
    visible_to_agent: bool = True
    """Whether an agent is shown that a supervisor is at his call, and finds it in the record."""

    agents_listen: bool = False
    """Whether agents may listen to their own recordings."""

    zone: str = "Asia/Shanghai"
    """Whose times of the day imported files mean."""
    attachment_bytes: int = 20 << 20
    attachments: int = 200
    """Of one customer."""
    import_bytes: int = 200 << 20
    import_days: int = 30
    """For how long a file is kept after it was imported."""

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS."""
        return self.public_url.startswith("https://")

    @property
    def cookie(self) -> str:
        """The session cookie's name."""
        return "__Host-contactcenter" if self.secure else "contactcenter"

    def allowed_origins(self, port: int) -> frozenset[str]:
        """The origins that are ours when the server listens on `port`."""
        hosts = {self.host, "localhost"} if self.host in ("127.0.0.1", "::1", "0.0.0.0") else {self.host}  # noqa: S104 - compared, not bound
        if self.host == "0.0.0.0":  # noqa: S104
            hosts = {"127.0.0.1", "localhost"}
        own = {f"http://{'[' + host + ']' if ':' in host else host}:{port}" for host in hosts}
        if self.public_url:
            parts = urlsplit(self.public_url)
            own = {f"{parts.scheme}://{parts.netloc}"}
        return frozenset(own | set(self.origins))
