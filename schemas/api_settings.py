"""Where the HTTP API is served, and which programs may use it for what (docs/api.md)."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.checked import Ip, Name, Port, Variable
from schemas.part import Part
from schemas.password import secret

Scope = Literal["read", "order", "admin", "complaints"]
"""What a token may do: see what is known, give operators' orders, hand complaints in. None includes another.

`admin` goes with `order`: a withdrawal may leave fewer than `min_active` IPs.
"""
_SHORTEST = 20


class ApiToken(Part):
    """A program that may use the API: for what, how often, and the secret that it shows."""

    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 600
    token_env: Variable = ""
    token_file: Path | None = None

    @model_validator(mode="after")
    def _has_a_secret(self) -> Self:
        if "admin" in self.scopes and "order" not in self.scopes:
            raise ValueError("scopes: admin goes with order: it says how far orders may go")
        if not self.token_env and self.token_file is None:
            raise ValueError("token_env or token_file is needed: the secret itself does not stand here")
        return self

    def secret(self, place: str) -> str:
        """Return the secret. ValueError, naming the setting of the token at `place`, where it is not set or no use.

        The secret itself is not told.
        """
        given = secret(self.token_env, self.token_file, f"{place}.token").strip()
        if len(given) < _SHORTEST or not given.isascii() or not given.isprintable() or " " in given:
            raise ValueError(f"{place}.token: a token is of {_SHORTEST} characters or more, ASCII without blanks")
        return given


class Api(Part):
    """The address of the API and its tokens; `complaints` names the table [complaints.NAME] that takes complaints.

    With a `certificate` and its `key` it is https. `streams` is how many may follow the decisions at a time.
    """

    host: Ip = "127.0.0.1"
    port: Port = 8510
    certificate: Path | None = None
    key: Path | None = None
    complaints: Name | Literal[""] = ""
    streams: Annotated[int, Field(ge=1, le=256)] = 16
    token: Annotated[dict[Name, ApiToken], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        if not self.complaints:
            for name, token in self.token.items():
                if "complaints" in token.scopes:
                    raise ValueError(
                        f"token.{name}.scopes: complaints, but api.complaints names no table that takes them"
                    )
        return self

    def secrets(self) -> dict[str, str]:
        """Return the secret of each token by its name. ValueError names each that is no use, or that two have."""
        found, wrong = self.looked()
        if wrong:
            raise ValueError("; ".join(wrong))
        return found

    def looked(self) -> tuple[dict[str, str], list[str]]:
        """Return the secret of each token by its name, and a sentence for each that is no use, or that two have."""
        found: dict[str, str] = {}
        wrong: list[str] = []
        for name, token in self.token.items():
            try:
                given = token.secret(f"api.token.{name}")
            except ValueError as error:
                wrong.append(str(error))
                continue
            other = next((each for each, known in found.items() if known == given), "")
            if other:
                wrong.append(f"api.token.{name}.token: is that of {other} too: nobody could tell who acts")
            found[name] = given
        return found, wrong
