"""A folder of an IMAP server."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.checked import ServerPort, Variable
from schemas.inputs._base import MailInput
from schemas.password import secret

_PORTS = {"implicit": 993, "starttls": 143, "none": 143}
_Word = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]+$")]


class ImapInput(MailInput):
    """A folder of an IMAP server; with `done`, mails that were taken are moved there, else nothing is changed.

    The server's certificate must be trusted by this machine, or by the file `ca`. Without a `port` it is the usual one.
    """

    kind: Literal["imap"]
    host: _Word
    port: ServerPort | None = None
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    ca: Path | None = None
    user: _Word
    password_env: Variable = "RELAYWARDEN_IMAP_PASSWORD"  # noqa: S105 the variable's name, no password
    password_file: Path | None = None
    folder: _Word = "INBOX"
    start: Literal["beginning", "end"] = "beginning"
    done: Annotated[str, Field(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.tls == "none" and not _is_this_machine(self.host):
            raise ValueError(
                f"tls is 'none', and {self.host} is not this machine: the password would be read on the way"
            )
        if self.done == self.folder:
            raise ValueError(f"done is the folder {self.folder!r} itself")
        return self

    @property
    def server_port(self) -> int:
        """Return the port to connect to."""
        return self.port or _PORTS[self.tls]

    def password(self, place: str) -> str:
        """Return the password. ValueError, naming the setting of the input at `place`, where there is none."""
        return secret(self.password_env, self.password_file, f"{place}.password")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
