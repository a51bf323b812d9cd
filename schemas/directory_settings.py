"""Where it stands which customer a mailbox, an alias or a domain belongs to (docs/directory.md)."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.checked import Seconds, Variable
from schemas.mailbox_hooks import Url
from schemas.part import Part

FIELDS = ("address", "mailbox", "customer", "name", "contact", "language", "tariff", "flags")
"""What a directory tells of an address, by our names."""
_NEEDED = ("address", "customer")


def _columns(columns: dict[str, str]) -> dict[str, str]:
    if unknown := sorted(set(columns) - set(FIELDS)):
        raise ValueError(f"{unknown[0]!r} is nothing that a directory tells; it tells {', '.join(FIELDS)}")
    named = {**{field: field for field in FIELDS}, **columns}
    if missing := [field for field in _NEEDED if not named[field]]:
        raise ValueError(f"{missing[0]} must have a column")
    return named


def _filter(text: str) -> str:
    if not (text.startswith("(") and text.endswith(")") and text.count("(") == text.count(")")):
        raise ValueError(f"{text!r} is no filter like '(objectClass=mailUser)' (RFC 4515)")
    return text


def _query(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty: it must be a SELECT that gives a row for each address")
    return text


class _Directory(Part):
    """What all kinds have: how its columns (or attributes) are called, where not as ours, and how often it is read.

    A directory that lost a larger share of its addresses than `most_shrink` since it was read last is taken for broken.
    """

    columns: Annotated[dict[str, str], AfterValidator(_columns), Field(validate_default=True)] = Field(
        default_factory=dict
    )
    reload_hours: Annotated[float, Field(gt=0, le=8760)] = 24.0
    most_shrink: Annotated[float, Field(ge=0, le=1)] = 0.5


class CsvDirectory(_Directory):
    """A file with a header (RFC 4180), read line by line; packed as gz or xz it is unpacked."""

    kind: Literal["csv"]
    path: Path
    delimiter: Annotated[str, Field(pattern=r"^[^\w\s\"]$|^\t$")] = ","


class SqlDirectory(_Directory):
    """A SELECT at a database, whose SQLAlchemy URL stands in the environment or a file; its rows are streamed."""

    kind: Literal["sql"]
    url_env: Variable = "RELAYWARDEN_DIRECTORY_URL"
    url_file: Path | None = None
    query: Annotated[str, AfterValidator(_query)]
    timeout_seconds: Seconds = 300.0


class LdapDirectory(_Directory):
    """Entries below `base`, read page by page (RFC 2696); each value of the address' attribute is a row."""

    kind: Literal["ldap"]
    url: Annotated[str, Field(pattern=r"^ldap(s|i)?://[^\s@]*$")] = "ldap://127.0.0.1"
    starttls: bool = False
    bind_dn: str = ""
    password_env: Variable = "RELAYWARDEN_LDAP_PASSWORD"  # noqa: S105 the variable's name, no password
    password_file: Path | None = None
    base: Annotated[str, Field(min_length=1)]
    filter: Annotated[str, AfterValidator(_filter)] = "(objectClass=*)"
    page_size: Annotated[int, Field(ge=1, le=100_000)] = 1000
    timeout_seconds: Seconds = 60.0

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.bind_dn and self.url.startswith("ldap://") and not self.starttls and not _is_local(self.url):
            raise ValueError(
                "url: the password would go over the network in the clear: say ldaps:// or starttls = true"
            )
        return self


class HttpDirectory(_Directory):
    """CSV with a header or JSON lines, by `format` or the Content-Type; the token is sent as Bearer."""

    kind: Literal["http"]
    url: Url
    format: Literal["", "csv", "jsonl"] = ""
    token_env: Variable = ""
    token_file: Path | None = None
    timeout_seconds: Seconds = 60.0


def _is_local(url: str) -> bool:
    host = url.removeprefix("ldap://").partition("/")[0]
    return host.rpartition(":")[0].strip("[]") in {"127.0.0.1", "::1", "localhost"} or host in {
        "127.0.0.1",
        "[::1]",
        "localhost",
        "",
    }


AnyDirectory = Annotated[CsvDirectory | SqlDirectory | LdapDirectory | HttpDirectory, Field(discriminator="kind")]
