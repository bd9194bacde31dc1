"""The demo's users and phones, and the one file that knows their secrets."""

import json
import os
import secrets
from pathlib import Path

from contactcenter.crm import users as user_records
from contactcenter.crm.store import Store
from contactcenter.crm.users import User, UserChange, Users
from contactcenter.values import frozen

FILE = "demo-accounts.json"
_QUEUES = (("support",), ("sales",), ("support", "sales"))


def _skills(n: int) -> dict[str, int]:
    """Everybody speaks Chinese, every second one English, every fifth one English best; three know bills."""
    skills = {"zh": 5, "en": 10} if n % 5 == 0 else {"zh": 10}
    if n % 2 == 0:
        skills.setdefault("en", 6)
    skills |= dict.fromkeys(_QUEUES[(n - 1) % 3], 5 + n % 5)
    if n % 4 == 1:
        skills["billing"] = 8
    return skills


USERS = (
    *(
        User(
            login=f"agent{n}", name=f"Agent {n}", role="agent", phone=str(100 + n),
            queues=_QUEUES[(n - 1) % 3], skills=_skills(n), language="en" if n % 5 == 0 else "zh",
        )
        for n in range(1, 11)
    ),
    User(login="supervisor1", name="Supervisor 1", role="supervisor", phone="120"),
    User(login="admin", name="Administrator", role="admin"),
)  # fmt: skip
PHONES = tuple(str(n) for n in range(101, 121))


@frozen
class Accounts:
    """The secrets, as the file has them."""

    users: dict[str, str]
    """Password by login."""
    phones: dict[str, str]
    """SIP password by phone."""


async def ensure(store: Store, users: Users, folder: Path, password: str | None = None) -> Accounts:
    """Let the demo's users exist, with the passwords of the file in `folder`; write it when it is missing.

    `password` becomes every user's password; None keeps the file's, or draws random ones. Users that exist
    keep all but their password, and get skills if they have none. Hashing takes 0.3 s when accounts are made,
    and nothing after that.

    Raises ValueError when the file is not ours, `Refusal` for a password that is too short.
    """
    path = folder / FILE
    known = _read(path)
    passwords = {
        user.login: password or (known.users.get(user.login) if known else None) or secrets.token_urlsafe(9)
        for user in USERS
    }
    phones = {
        phone: (known.phones.get(phone) if known else None) or secrets.token_hex(12) for phone in PHONES
    }
    accounts = Accounts(users=passwords, phones=phones)
    present = {
        found.login: found for user in USERS if (found := await store.read(user_records.get, user.login))
    }
    stale = {
        login: passwords[login]
        for login in present
        if known is None or known.users.get(login) != passwords[login]
    }
    missing = [(user, passwords[user.login]) for user in USERS if user.login not in present]
    # The database first: a file with a password that doesn't work would be believed for ever.
    if missing:
        await users.create_many(missing)
    for user in USERS:  # of a data folder from before there were skills
        if user.skills and user.login in present and not present[user.login].skills:
            await users.change(user.login, UserChange(skills=user.skills))
    if stale:
        await users.set_passwords(stale)
    if accounts != known:
        _write(path, accounts)
    return accounts


def _read(path: Path) -> Accounts | None:
    try:
        found = json.loads(path.read_text())
        return Accounts(
            users={login: user["password"] for login, user in found["users"].items()},
            phones={name: phone["password"] for name, phone in found["phones"].items()},
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} can't be read: delete it, and new secrets are drawn") from error


def _write(path: Path, accounts: Accounts) -> None:
    content = {
        "users": {
            user.login: {"password": accounts.users[user.login], "role": user.role, "phone": user.phone}
            for user in USERS
        },
        "phones": {phone: {"password": secret} for phone, secret in accounts.phones.items()},
    }
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    # Created with its rights: between a creation and a chmod anyone could open it.
    file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w") as out:
        json.dump(content, out, indent=2)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)
