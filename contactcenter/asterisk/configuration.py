"""Renders the templates of `dialplans/` into the folder that Asterisk reads.

All values come from one `AsteriskSettings`. Everything that reaches a file is checked first: in Asterisk's
files a line break begins a new setting and a semicolon a comment, so neither is ever part of a value.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Self

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contactcenter.places import folder

TEMPLATES = folder("dialplans")

# What the AMI user hears: everything that the server acts on, and nothing of the rest (12 events for a
# bridged call instead of 83). Names, not patterns: Asterisk looks them up in a hash. Answers to actions pass
# in any case, lists of them too.
AMI_EVENTS = (
    "FullyBooted",
    "Shutdown",
    "ContactStatus",
    "Newchannel",
    "Newstate",
    "BridgeEnter",
    "BridgeLeave",
    "Hold",
    "Unhold",
    "Hangup",
    "OriginateResponse",
    "BlindTransfer",
    "AttendedTransfer",
    "ChanSpyStart",
)

_LONGEST_NUMBER = 15
"""Digits of an E.164 number."""

_DEFAULT_PORTS = {"ami": 5038, "sip": 5060, "websocket": 8088, "agi": 4573, "carrier": 5070}
_RTP = range(10000, 16000)

_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_DID = re.compile(r"\+?[0-9]{1,15}")
_PHONE = re.compile(r"[0-9]{2,6}")
_ENDPOINT = re.compile(r"PJSIP/[A-Za-z0-9_-]{1,32}(@[A-Za-z0-9_-]{1,32})?")
_PROMPTS = re.compile(r"[A-Za-z0-9_./-]+(&[A-Za-z0-9_./-]+)*")
_PATH = re.compile(r"/[^\x00-\x1f\x7f;\\]*")
_SECRET = re.compile(r"[A-Za-z0-9_.~+/=-]{8,128}")
_KEY = re.compile(r"[A-Za-z0-9_-]{8,128}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


class BadSetting(ValueError):
    """A setting that must not reach Asterisk's files. The message names it and says what it may be."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"Asterisk setting {name}: {value!r} is not {allowed}")
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where one Asterisk has its files; all absolute."""

    modules: Path
    data: Path
    """Sounds and documentation, read only."""
    etc: Path
    """The rendered configuration."""
    state: Path
    """Asterisk's own database."""
    spool: Path
    """`spool/monitor` holds recordings."""
    run: Path
    """The control socket."""
    log: Path
    music: Path

    @classmethod
    def of_instance(cls, instance: Path, tree: Path) -> Self:
        """The folders of an instance that runs the tree that `asterisk-docker/install.sh` unpacked."""
        modules = next(iter(tree.glob("usr/lib/*/asterisk/modules")), None)
        if modules is None:
            raise FileNotFoundError(f"no Asterisk in {tree}: asterisk-docker/install.sh puts one there")
        return cls(
            modules=modules,
            data=tree / "usr/share/asterisk",
            etc=instance / "etc",
            state=instance / "state",
            spool=instance / "spool",
            run=instance / "run",
            log=instance / "log",
            music=instance / "music",
        )

    @property
    def recordings(self) -> Path:
        """Where MixMonitor puts a recording that is named without a folder."""
        return self.spool / "monitor"

    @property
    def control_socket(self) -> Path:
        """The socket that `asterisk -rx` talks to."""
        return self.run / "asterisk.ctl"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskSettings:
    """What one Asterisk is to be. Raises `BadSetting` for a value that does not belong in its files."""

    ami_secret: str = field(repr=False)
    ami_user: str = "contactcenter"
    ami_permit: tuple[str, ...] = ("127.0.0.1/32",)
    """Networks that the server connects from."""
    phones: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Phone number → secret of its digest authentication."""
    dids: tuple[str, ...] = ("4001", "4002", "4003", "4004")
    """The telephone numbers that are ours."""
    bind: str = "127.0.0.1"
    media_address: str = "127.0.0.1"
    """The address that RTP is sent from and asked for at; empty: as the system routes."""
    port_offset: int = 0
    """Added to every port, so that several instances run side by side. RTP is shifted by the same number: the
    ranges of two instances may overlap, since Asterisk passes over a port that is taken."""
    agi_host: str = "127.0.0.1"
    agi_key: str = field(default="", repr=False)
    """What our server asks for before it believes that a connection is Asterisk's; empty: nothing."""
    carrier_address: str = "127.0.0.2"
    people_address: str = ""
    """Where the demo's simulated people are called, at the carrier's port; empty: there are none."""
    systemname: str = "cc"
    longest_call_s: int = 4 * 3600
    colleague_ring_s: int = 30
    rescue_pause_s: float = 2
    rescue_tries: int = 10
    rescue_lasting_s: int = 60
    """A script that ran for longer than this before it broke off does not use up the tries."""
    fallback_endpoint: str = ""
    """Rung when the server stays away, e.g. `PJSIP/120`; empty: an apology only."""
    apology: str = "sorry-youre-having-problems&please-try-call-later&goodbye"
    """Prompts of Asterisk's own, joined with `&`: nothing that our server would have to provide."""
    bench: bool = False
    """Also load app_queue, to measure against it."""

    def __post_init__(self) -> None:
        _require("systemname", self.systemname, _NAME, "1 to 32 letters, digits, _ or -")
        _require("ami_user", self.ami_user, _NAME, "1 to 32 letters, digits, _ or -")
        if self.ami_user == "general":
            raise BadSetting("ami_user", self.ami_user, "a name: it is a section of manager.conf")
        _require("ami_secret", "…", _SECRET, "8 to 128 letters, digits or _.~+/=-", of=self.ami_secret)
        for number, secret in self.phones.items():
            _require("phones", number, _PHONE, "2 to 6 digits")
            _require(f"phones[{number}]", "…", _SECRET, "8 to 128 letters, digits or _.~+/=-", of=secret)
        for did in self.dids:
            _require("dids", did, _DID, "1 to 15 digits, with or without + before them")
        if twice := sorted(set(self.dids) & set(self.phones)):
            raise BadSetting("dids", twice[0], "free: a phone has that number")
        for name in ("bind", "carrier_address"):
            _require_address(name, getattr(self, name))
        for name in ("media_address", "people_address"):
            if value := getattr(self, name):
                _require_address(name, value)
        for network in self.ami_permit:
            try:
                ip_network(network)
            except ValueError:
                raise BadSetting("ami_permit", network, "a network such as 10.0.0.0/8") from None
        if self.agi_key:
            _require("agi_key", "…", _KEY, "8 to 128 letters, digits, _ or -", of=self.agi_key)
        _require("agi_host", self.agi_host, _HOST, "a host name or IPv4 address")
        if self.fallback_endpoint:
            _require("fallback_endpoint", self.fallback_endpoint, _ENDPOINT, "PJSIP/NAME or PJSIP/NAME@TRUNK")
        _require("apology", self.apology, _PROMPTS, "names of prompts, joined with &")
        for name in (
            "longest_call_s",
            "colleague_ring_s",
            "rescue_pause_s",
            "rescue_tries",
        ):
            if not 0 < getattr(self, name) <= 7 * 86400:
                raise BadSetting(name, getattr(self, name), "greater than 0 and at most a week")
        if self.port_offset < 0 or self.rtp_ports.stop > 65536:
            raise BadSetting("port_offset", self.port_offset, f"from 0 to {65536 - _RTP.stop}")

    @property
    def ami_port(self) -> int:
        """TCP: the manager interface."""
        return _DEFAULT_PORTS["ami"] + self.port_offset

    @property
    def sip_port(self) -> int:
        """UDP: SIP."""
        return _DEFAULT_PORTS["sip"] + self.port_offset

    @property
    def websocket_port(self) -> int:
        """TCP: SIP over websocket."""
        return _DEFAULT_PORTS["websocket"] + self.port_offset

    @property
    def agi_port(self) -> int:
        """TCP: where our server listens for FastAGI."""
        return _DEFAULT_PORTS["agi"] + self.port_offset

    @property
    def carrier_port(self) -> int:
        """UDP: where the carrier listens for outbound calls."""
        return _DEFAULT_PORTS["carrier"] + self.port_offset

    @property
    def rtp_ports(self) -> range:
        """UDP: audio."""
        return range(_RTP.start + self.port_offset, _RTP.stop + self.port_offset)

    @property
    def agi_url(self) -> str:
        """Where the dialplan finds our server; the script's name follows after a slash."""
        return f"agi://{self.agi_host}:{self.agi_port}"


def render(settings: AsteriskSettings, folders: Folders) -> dict[str, str]:
    """Every configuration file by its name. An unknown variable in a template is an error."""
    for each in fields(folders):
        path = getattr(folders, each.name)
        _require(f"folders.{each.name}", str(path), _PATH, "an absolute path without ; and \\")
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - no HTML; `AsteriskSettings` refuses what these files give a meaning
    )
    values = {name: getattr(settings, name) for name in _public_names(settings)}
    values |= {"folders": folders, "ami_events": AMI_EVENTS, "longest_number": _LONGEST_NUMBER}
    names = sorted(path.name for path in TEMPLATES.glob("*.conf.j2"))
    return {name.removesuffix(".j2"): environment.get_template(name).render(values) for name in names}


def write(settings: AsteriskSettings, folders: Folders) -> None:
    """Renders the files into `folders.etc`, which only their owner and group can read: they hold secrets."""
    rendered = render(settings, folders)
    folders.etc.mkdir(parents=True, exist_ok=True)
    folders.etc.chmod(0o750)
    for stale in set(folders.etc.glob("*.conf")) - {folders.etc / name for name in rendered}:
        stale.unlink()
    for name, text in rendered.items():
        path = folders.etc / name
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "w", encoding="utf-8") as file:
            file.write(text)


def _public_names(settings: AsteriskSettings) -> Iterable[str]:
    return (name for name in dir(settings) if not name.startswith("_"))


def _require(name: str, shown: str, form: re.Pattern[str], allowed: str, *, of: str | None = None) -> None:
    """`of` is the value itself where it must not be shown."""
    if not form.fullmatch(shown if of is None else of):
        raise BadSetting(name, shown, allowed)


def _require_address(name: str, value: str) -> None:
    try:
        ip_address(value)
    except ValueError:
        raise BadSetting(name, value, "an IP address") from None
