"""What hooks order the shell to do, for pools and for mailboxes: frozen, without input or output, safe to do again.

The shell of pools is `streams/bringing.py`, that of mailboxes `streams/performing.py`.
"""

import msgspec


class Deed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=str.lower):
    """What every effect is."""


class Secret(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a secret is found when it is needed: in the environment, else in a file; `setting` names it in errors."""

    setting: str
    env: str = ""
    file: str = ""


class WriteFile(Deed, frozen=True, kw_only=True, omit_defaults=False):
    """Replace a file in one step, so that a reader sees the old content or the new one, never a part."""

    path: str
    content: str
    mode: int = 0o644


class Run(Deed, frozen=True, kw_only=True):
    """Run a program without a shell; it failed if it does not end with 0 within the time."""

    command: tuple[str, ...]
    timeout_seconds: float


class RunWith(Deed, frozen=True, kw_only=True):
    """Run a program without a shell, with `stdin` as its input; it failed if it does not end in time as is `fine`."""

    command: tuple[str, ...]
    stdin: str = ""
    fine: tuple[int, ...] = (0,)
    timeout_seconds: float


class HttpCall(Deed, frozen=True, kw_only=True):
    """POST a JSON text, signed with the secret if there is one; the receiver knows a repeat by `idempotency_key`."""

    url: str
    body: str
    idempotency_key: str
    secret: Secret
    timeout_seconds: float


class SqlStatement(Deed, frozen=True, kw_only=True):
    """Execute one statement with bound values, in a transaction, at the database whose URL is the secret."""

    url: Secret
    statement: str
    values: dict[str, str | int]
    timeout_seconds: float
