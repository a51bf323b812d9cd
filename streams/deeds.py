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


class Expect(Deed, frozen=True, kw_only=True):
    """Run a program that only reads, without a shell: what it writes to its standard output must be exactly this."""

    command: tuple[str, ...]
    output: str
    timeout_seconds: float


class HaproxyServers(Deed, frozen=True, kw_only=True):
    """Give the servers of one HAProxy backend these weights (1 to 256) at its runtime socket, and drain those with 0.

    `socket` is a path, or host:port. Servers of the backend that are not named stay as they are.
    """

    socket: str
    backend: str
    weights: dict[str, int]
    timeout_seconds: float


class NftMap(Deed, frozen=True, kw_only=True):
    """Let a map of nftables hold these slots, in one transaction: `script` is fed to `command` (nft)."""

    command: tuple[str, ...]
    script: str
    family: str
    table: str
    name: str
    slots: tuple[str, ...]
    timeout_seconds: float


class DnsAddresses(Deed, frozen=True, kw_only=True):
    """Let a name have these addresses and no others: one signed update (RFC 2136, RFC 8945) over TCP."""

    server: str
    port: int
    zone: str
    name: str
    ttl: int
    addresses: tuple[str, ...]
    key: str
    algorithm: str
    secret: Secret
    timeout_seconds: float


class Again(Deed, frozen=True, kw_only=True):
    """Run a program without a shell, and again at each look: nobody can tell whether what it did is still so."""

    command: tuple[str, ...]
    timeout_seconds: float


class KumoServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where KumoMTA's HTTP API is asked, with a password only where there is a user."""

    url: str
    user: str
    password: Secret
    timeout_seconds: float


class KumoEpoch(Deed, frozen=True, kw_only=True):
    """Let KumoMTA evaluate its configuration anew."""

    server: KumoServer


class KumoSuspensions(Deed, frozen=True, kw_only=True):
    """Let these ready queues of KumoMTA be suspended by us, and no others by us for this pool.

    `queues` has the known ones; `barred` maps a source to the endings of the site names whose queues are meant
    besides ("" is every site), as far as there are such queues. A suspension ends by itself after `minutes`.
    """

    server: KumoServer
    pool: str
    decision: str
    queues: tuple[str, ...]
    barred: dict[str, tuple[str, ...]]
    minutes: float


class SqlLine(msgspec.Struct, frozen=True, kw_only=True):
    """One statement with its bound values."""

    statement: str
    values: dict[str, str | int]


class SqlNumbers(Deed, frozen=True, kw_only=True):
    """Let rows of a database have these numbers, in one transaction with the statements of `also`.

    `read` selects pairs of a key and its number, `write` sets :number where the key is :key; the database is at the
    SQLAlchemy URL that is the secret.
    """

    url: Secret
    read: str
    write: str
    numbers: dict[str, int]
    also: tuple[SqlLine, ...]
    timeout_seconds: float
