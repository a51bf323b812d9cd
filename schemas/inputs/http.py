"""Lines and mails that others POST."""

import re
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, model_validator

from schemas.checked import Variable
from schemas.inputs._base import LineInput
from schemas.password import secret

_PLACE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9.]{7,15}|[A-Za-z][A-Za-z0-9.-]{0,252}):([0-9]{1,5})")
_LAST_PORT = 65535
_SHORTEST = 16


def _listen(text: str) -> str:
    found = _PLACE.fullmatch(text)
    if found is None or int(found[2]) > _LAST_PORT:
        raise ValueError(f"{text!r} is no address:port, such as 127.0.0.1:8514 or [::1]:8514")
    return text


class HttpInput(LineInput):
    """Lines and mails that others POST, with a token that only they know; by TLS where there is a `certificate`."""

    gives: ClassVar[frozenset[str]] = frozenset({"lines", "mails"})

    kind: Literal["http"]
    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8514"
    token_env: Variable = ""
    token_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.token_env and self.token_file is None:
            raise ValueError("token_env or token_file is needed: whoever may POST must know a token")
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    def token(self, place: str) -> str:
        """Return the token. ValueError, naming the setting of the input at `place`, where it is not set or too short.

        The token itself is not told.
        """
        given = secret(self.token_env, self.token_file, f"{place}.token").strip()
        if len(given) < _SHORTEST or not given.isascii() or not given.isprintable() or " " in given:
            raise ValueError(f"{place}.token: a token is of {_SHORTEST} characters or more, ASCII without blanks")
        return given
