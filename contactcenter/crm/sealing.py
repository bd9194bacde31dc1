"""Sealing: personal data that the database holds only encrypted, such as id numbers.

    a sealed value   "s1:" key id ":" base64(nonce, AES-256-GCM of the text)
    its index        HMAC-SHA256 of the column and the normalised text, with a key of its own

Its law: without its key a value is neither read nor written, and nothing is ever written in the clear
instead. Column and row are authenticated with the value, so that it can't pass for another one's. The index
tells whether two values are equal, and nothing else; whoever has no key can't try values out on it.

Both keys lie outside the database (`keys.py`). The database knows their ids, so that a lost key file is seen
and not silently replaced by a new one, which would open nothing.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from contactcenter.crm import keys, settings
from contactcenter.crm.errors import Refusal
from contactcenter.crm.keys import KeyProblem, Keys

_MARK = "s1"
_NONCE = 12
KNOWN = "sealing"
"""The setting that has the ids of the keys that were used."""
OPTION = "sealing"
"""The name under which a connection carries its keys."""

log = structlog.get_logger(__name__)


class Unsealable(Exception):
    """The value can't be opened: its key is missing, or it was changed or moved. The message says which."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """The keys of personal data, or why there are none."""

    seal_keys: Keys | None = None
    index_keys: Keys | None = None
    why: str = "no key file was opened"

    @property
    def usable(self) -> bool:
        """Whether values can be written."""
        return self.seal_keys is not None and self.index_keys is not None

    @property
    def fingerprints(self) -> dict[str, list[str]]:
        """The ids of the keys, the current one first: they name the keys, and tell nothing of them."""
        return {
            "seal": [each.hex() for each in self.seal_keys or ()],
            "index": [each.hex() for each in self.index_keys or ()],
        }

    def sealed(self, text: str, column: str, row: str) -> str:
        """`text` as it may stand in that column of that row; the key must be there, and remembered."""
        assert self.seal_keys is not None  # noqa: S101 - `seal` looks first
        current = self.seal_keys.current
        nonce = secrets.token_bytes(_NONCE)
        closed = AESGCM(self.seal_keys[current]).encrypt(nonce, text.encode(), _bound(column, row))
        return f"{_MARK}:{current.hex()}:{base64.b64encode(nonce + closed).decode()}"

    def indexed(self, plain: str, column: str) -> str:
        """The blind index of a normalised value; the key must be there."""
        assert self.index_keys is not None  # noqa: S101 - `index` looks first
        key = self.index_keys[self.index_keys.current]
        return hmac.new(key, f"{column}\0{plain}".encode(), hashlib.sha256).hexdigest()


def index_path(key: Path) -> Path:
    """Where the key of the indexes is: beside the key that seals."""
    return key.with_suffix(".index" + key.suffix)


def load(key: Path, known: str) -> Sealing:
    """The keys in the file `key` and beside it (blocking). `known` is what `known_keys` says.

    They are drawn where there are none and the database has never seen one. What is wrong with them is in
    `why`, and in the log: a center whose personal data can't be opened still takes calls.
    """
    if not known:
        try:
            keys.load_or_make(key)
            keys.load_or_make(index_path(key))
        except KeyProblem as error:
            log.warning("keys of personal data can't be made", why=str(error))
    found = opened(key, known)
    if found.why:
        log.error("personal data can't be opened or written", why=found.why)
    return found


def opened(key: Path, known: str) -> Sealing:
    """The same, without drawing keys or saying anything."""
    used = json.loads(known) if known else {"seal": [], "index": []}
    try:
        seal, index = keys.load(key), keys.load(index_path(key))
    except KeyProblem as error:
        return Sealing(why=f"{error}; put it back from your copy" if known else str(error))
    if missing := [each for each in used["seal"][:1] if bytes.fromhex(each) not in seal]:
        return Sealing(why=f"the key {missing[0]} is not in {key}: put it back from your copy")
    if used["index"] and bytes.fromhex(used["index"][0]) != index.current:
        return Sealing(why=f"{index_path(key)} is not this database's: put it back from your copy")
    return Sealing(seal, index, "")


def known_keys(db: Connection) -> str:
    """Which keys the database has seen, for `load`; empty: none yet."""
    return settings.get(db, KNOWN)


def remember(db: Connection, sealing: Sealing) -> None:
    """Note the keys that seal from now on: once in a transaction, because one that fails takes it back."""
    if db.info.get(KNOWN) is (now := db.get_transaction()):
        return
    db.info[KNOWN] = now
    text = json.dumps({name: ids[:1] for name, ids in sealing.fingerprints.items()}, sort_keys=True)
    if settings.get(db, KNOWN) != text:
        settings.put(db, KNOWN, text)


def of(db: Connection) -> Sealing:
    """The keys that this connection may use."""
    found: Sealing = db.get_execution_options().get(OPTION) or Sealing()
    return found


def seal(db: Connection, text: str, column: str, row: str) -> str:
    """`text` as it may stand in that column of that row; empty stays empty.

    Raises `Refusal` `key_missing`: then nothing is written.
    """
    if not text:
        return ""
    ours = of(db)
    if ours.seal_keys is None:
        raise _missing(ours, column)
    remember(db, ours)
    return ours.sealed(text, column, row)


def unseal(db: Connection, sealed: str, column: str, row: str) -> str:
    """What `seal` sealed for the same column and row. Raises `Unsealable`, never gives a wrong character."""
    if not sealed:
        return ""
    ours = of(db)
    mark, _, rest = sealed.partition(":")
    key_id, _, encoded = rest.partition(":")
    try:
        key, raw = bytes.fromhex(key_id), base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise Unsealable(f"{column} of {row} is no sealed value") from error
    if mark != _MARK:
        raise Unsealable(f"{column} of {row} is no sealed value")
    if ours.seal_keys is None or key not in ours.seal_keys:
        raise Unsealable(ours.why or f"{column} of {row} is sealed with the key {key_id}, which is missing")
    try:
        opened = AESGCM(ours.seal_keys[key]).decrypt(raw[:_NONCE], raw[_NONCE:], _bound(column, row))
    except (InvalidTag, ValueError) as error:
        raise Unsealable(f"{column} of {row} was changed, or is another one's") from error
    return opened.decode()


def key_of(sealed: str) -> str:
    """The id of the key that a value is sealed with."""
    return sealed.split(":")[1] if sealed.startswith(f"{_MARK}:") else ""


def index(db: Connection, text: str, column: str) -> str:
    """The blind index of a value: equal for equal values of a column. Empty for an empty one.

    Raises `Refusal` `key_missing`.
    """
    if not (plain := normalised(text)):
        return ""
    ours = of(db)
    if ours.index_keys is None:
        raise _missing(ours, column)
    return ours.indexed(plain, column)


def normalised(text: str) -> str:
    """The value as it is compared: width, case, spaces and hyphens don't count."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(each for each in folded if each.isalnum())


def masked(text: str) -> str:
    """A personal value as lists and the audit log show it: its last four characters, if it has more than
    eight."""
    shown = text[-4:] if len(text) > 8 else ""
    return "•" * (len(text) - len(shown)) + shown if text else ""


def _bound(column: str, row: str) -> bytes:
    return f"{column}\0{row}".encode()


def _missing(ours: Sealing, column: str) -> Refusal:
    return Refusal(
        f"this is kept encrypted, and the key is missing: {ours.why}",
        code="key_missing",
        field=column.rpartition("/")[2],
    )
