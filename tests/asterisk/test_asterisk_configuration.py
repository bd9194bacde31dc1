"""What reaches Asterisk's files, and what does not."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from contactcenter.asterisk import configuration
from contactcenter.asterisk.configuration import AsteriskSettings, BadSetting, Folders, render, write
from contactcenter.asterisk.container import read_environment

SETTINGS = AsteriskSettings(ami_secret="ami-secret-1", phones={"101": "phone-secret-1"})


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    tree = tmp_path / "tree"
    (tree / "usr/lib/some-linux-gnu/asterisk/modules").mkdir(parents=True)
    return Folders.of_instance(tmp_path / "instance", tree)


def settings_in(text: str, section: str) -> list[tuple[str, str]]:
    """The assignments of one section of a file, in order."""
    found, inside = [], False
    for line in text.splitlines():
        if line.startswith("["):
            inside = line.startswith(f"[{section}]")
        elif inside and not line.startswith(";") and "=" in line:
            name, _, value = line.partition("=")
            found.append((name.strip(), value.strip("> ")))
    return found


def test_every_file_is_rendered_and_nothing_is_left_over(folders: Folders):
    files = render(SETTINGS, folders)
    assert set(files) == {path.name.removesuffix(".j2") for path in configuration.TEMPLATES.glob("*.conf.j2")}
    for name, text in files.items():
        assert "{{" not in text, name
        assert "{%" not in text, name


def test_an_unknown_variable_is_an_error(folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "rtp.conf.j2").write_text("rtpstart = {{ rtp_strat }}")
    monkeypatch.setattr(configuration, "TEMPLATES", tmp_path)
    with pytest.raises(UndefinedError, match="rtp_strat"):
        render(SETTINGS, folders)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("systemname", "cc\nverbose = 5"),
        ("systemname", ""),
        ("ami_user", "general"),
        ("ami_user", "me]\n[root"),
        ("ami_secret", "long-enough;comment"),
        ("ami_secret", "short"),
        ("ami_permit", ("0.0.0.0/0\npermit = 0.0.0.0/0",)),
        ("phones", {"101": "secret-1\ncontext = from-carrier"}),
        ("phones", {"carrier": "secret-12"}),
        ("phones", {"_X.": "secret-12"}),
        ("dids", ("_X.",)),
        ("dids", ("4001,1,System(id)",)),
        ("dids", ("101",)),
        ("bind", "127.0.0.1\n"),
        ("bind", "localhost"),
        ("carrier_address", "127.0.0.2;"),
        ("media_address", "everywhere"),
        ("agi_host", "host/x)\nexten => 1,1,System(id"),
        ("fallback_endpoint", "PJSIP/120&PJSIP/+190055501@carrier"),
        ("fallback_endpoint", "Local/1@from-phone"),
        ("apology", "sorry)"),
        ("port_offset", -1),
        ("port_offset", 49537),
        ("rescue_tries", 0),
        ("longest_call_s", 10**9),
    ],
)
def test_a_setting_that_would_mean_more_is_refused(name: str, value: Any):
    phones = {} if name == "phones" else {"101": "phone-secret-1"}
    with pytest.raises(BadSetting, match=name) as caught:
        AsteriskSettings(**{"ami_secret": "ami-secret-1", "phones": phones} | {name: value})
    if "secret" in name:
        assert str(value) not in str(caught.value)


def test_a_folder_that_would_mean_more_is_refused(folders: Folders):
    for path in ("/tmp/x;y", "/tmp/x\nlive_dangerously = yes", "relative"):
        with pytest.raises(BadSetting, match=r"folders\.spool"):
            render(SETTINGS, replace(folders, spool=Path(path)))
    spaced = replace(folders, spool=Path("/srv/呼叫 中心/spool"))
    assert "astspooldir => /srv/呼叫 中心/spool\n" in render(SETTINGS, spaced)["asterisk.conf"]


@settings(max_examples=300, deadline=None)
@given(secret=st.text(min_size=8, max_size=20))
def test_no_text_becomes_a_second_setting(secret: str):
    """Whatever is let through stands in the file as one value, as it is, and adds no line."""
    try:
        hostile = replace(SETTINGS, ami_secret=secret)
    except BadSetting:
        assert not re.fullmatch(r"[A-Za-z0-9]+", secret, re.ASCII)
        return
    folders = Folders(**dict.fromkeys(Folders.__dataclass_fields__, Path("/x")))
    manager = render(hostile, folders)["manager.conf"]
    plain = render(SETTINGS, folders)["manager.conf"]
    assert settings_in(manager, "contactcenter")[0] == ("secret", secret)
    assert manager.count("\n") == plain.count("\n")


def test_every_port_is_shifted(folders: Folders):
    near, far = render(SETTINGS, folders), render(replace(SETTINGS, port_offset=700), folders)
    for name, section, option, default in (
        ("manager.conf", "general", "port", 5038),
        ("http.conf", "general", "bindport", 8088),
        ("rtp.conf", "general", "rtpstart", 10000),
        ("rtp.conf", "general", "rtpend", 15999),
    ):
        assert dict(settings_in(near[name], section))[option] == str(default)
        assert dict(settings_in(far[name], section))[option] == str(default + 700)
    assert "bind = 127.0.0.1:5060\n" in near["pjsip.conf"]
    assert "bind = 127.0.0.1:5760\n" in far["pjsip.conf"]
    assert "contact = sip:127.0.0.2:5070\n" in near["pjsip.conf"]
    assert "contact = sip:127.0.0.2:5770\n" in far["pjsip.conf"]
    assert "AGI(agi://127.0.0.1:4573/inbound?" in near["extensions.conf"]
    assert "AGI(agi://127.0.0.1:5273/inbound?" in far["extensions.conf"]
    ports = re.compile(r"(?<![\d.])(5038|5060|8088|4573|5070|10000|15999)(?!\d)")
    for name in ("manager.conf", "http.conf", "rtp.conf", "pjsip.conf", "extensions.conf"):
        text = far[name]
        assert not ports.search(text), f"{name} has a port that the offset did not reach"


def test_the_ami_user_has_the_least_rights(folders: Folders):
    rights = settings_in(render(SETTINGS, folders)["manager.conf"], "contactcenter")
    assert dict(rights)["read"] == "system,call"
    assert dict(rights)["write"] == "call,originate,reporting"
    assert [value for name, value in rights if name == "permit"] == ["127.0.0.1/32"]
    filters = [name for name, _ in rights if name.startswith("eventfilter")]
    assert len(filters) == len(configuration.AMI_EVENTS)
    assert not any("VarSet" in name or "Newexten" in name for name in filters)


def test_modules_that_open_a_shell_are_not_loaded(folders: Folders):
    loaded = set(re.findall(r"^load = (\w+)\.so", render(SETTINGS, folders)["modules.conf"], re.M))
    assert {"chan_pjsip", "res_agi", "app_dial", "app_bridgewait"} <= loaded
    assert not loaded & {
        "app_system",
        "app_originate",
        "app_exec",
        "res_clioriginate",
        "app_queue",
        "func_shell",
        "func_env",
        "app_externalivr",
        "pbx_spool",
        "res_ari",
        "func_curl",
    }
    bench = render(replace(SETTINGS, bench=True), folders)["modules.conf"]
    assert "load = app_queue.so" in bench


def test_secrets_are_for_owner_and_group_only(folders: Folders):
    folders.etc.mkdir(parents=True)
    (folders.etc / "left_by_an_older_version.conf").write_text("[x]")
    write(SETTINGS, folders)
    assert folders.etc.stat().st_mode & 0o777 == 0o750
    assert {path.stat().st_mode & 0o777 for path in folders.etc.iterdir()} == {0o640}
    assert {path.name for path in folders.etc.iterdir()} == set(render(SETTINGS, folders))
    assert "phone-secret-1" in (folders.etc / "pjsip.conf").read_text()
    assert "phone-secret-1" not in repr(SETTINGS)
    assert "ami-secret-1" not in repr(SETTINGS)


def test_a_container_reads_its_settings_from_the_environment():
    read = read_environment(
        {
            "PATH": "/usr/bin",
            "ASTERISK_AMI_SECRET": "ami-secret-1",
            "ASTERISK_PHONES": "101:phone-secret-1,102:phone-secret-2",
            "ASTERISK_DIDS": "4001,+4989123456",
            "ASTERISK_PORT_OFFSET": "100",
            "ASTERISK_RESCUE_PAUSE_S": "0.5",
            "ASTERISK_BENCH": "yes",
        }
    )
    assert read == AsteriskSettings(
        ami_secret="ami-secret-1",
        phones={"101": "phone-secret-1", "102": "phone-secret-2"},
        dids=("4001", "+4989123456"),
        port_offset=100,
        rescue_pause_s=0.5,
        bench=True,
    )


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("ASTERISK_AMI_SECRET", "short", "ami_secret"),
        ("ASTERISK_PORT_OFFSET", "many", "port_offset.*a number"),
        ("ASTERISK_BENCH", "1", "bench.*yes or no"),
        ("ASTERISK_PHONES", "101", "phones.*101:secret"),
        ("ASTERISK_PROTS", "1", "prots.*port_offset"),
    ],
)
def test_a_container_says_which_setting_is_wrong(variable: str, value: str, complaint: str):
    with pytest.raises(BadSetting, match=complaint):
        read_environment({"ASTERISK_AMI_SECRET": "ami-secret-1", variable: value})


def test_a_container_needs_a_secret():
    with pytest.raises(BadSetting, match="ASTERISK_AMI_SECRET"):
        read_environment({})


def test_no_endpoint_chooses_its_own_number(folders: Folders):
    """It would stand in the manager interface as it came, and line breaks in it would forge events."""
    files = render(SETTINGS, folders)
    said = {name: dict(settings_in(files["pjsip.conf"], name)) for name in ("carrier", "phone", "101")}
    assert said["carrier"]["trust_id_inbound"] == said["phone"]["trust_id_inbound"] == "no"
    assert said["carrier"]["callerid"].startswith("<unknown")
    assert said["101"]["callerid"].startswith('"101" <101')
    assert "res_pjsip_diversion" not in files["modules.conf"], "it believes the Diversion header"
