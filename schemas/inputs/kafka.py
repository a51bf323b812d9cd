"""A Kafka topic of log lines that other programs fill."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.checked import Variable
from schemas.inputs._base import LineInput
from schemas.password import secret

_PLACE = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253}):([0-9]{1,5})")
_LAST_PORT = 65535


def _broker(text: str) -> str:
    found = _PLACE.fullmatch(text)
    if found is None or not 0 < int(found[1]) <= _LAST_PORT:
        raise ValueError(f"{text!r} is no host:port")
    return text


class KafkaInput(LineInput):
    """A Kafka topic of log lines: `decode` tells whether a record holds lines, or JSON that a shipper made of them.

    `bootstrap` is that of the event log where none is given. `start` is where a topic is begun that was never read.
    """

    kind: Literal["kafka"]
    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
    bootstrap: tuple[Annotated[str, AfterValidator(_broker)], ...] = ()
    start: Literal["beginning", "end"] = "beginning"
    decode: Literal["line", "json"] = "line"
    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    user: str = ""
    password_env: Variable = ""
    password_file: Path | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        sasl, tls = self.protocol.startswith("SASL"), self.protocol.endswith("SSL")
        secret = bool(self.password_env) or self.password_file is not None
        if sasl and not (self.user and secret):
            raise ValueError(f"protocol {self.protocol!r} needs user, and password_env or password_file")
        if not sasl and (self.user or secret):
            raise ValueError(f"protocol {self.protocol!r} has no use for user and password: SASL_SSL is meant")
        if not tls and (self.ca or self.certificate or self.key):
            raise ValueError(f"protocol {self.protocol!r} has no use for ca, certificate and key: SSL is meant")
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        return self

    def password(self, place: str) -> str:
        """Return the password. ValueError, naming the setting of the input at `place`, where it is not set."""
        return secret(self.password_env, self.password_file, f"{place}.password")
