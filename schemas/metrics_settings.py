"""Where each process tells Prometheus what it counts, and anybody whether it works (docs/metrics.md)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.checked import Ip
from schemas.part import Part

Process = Literal["collect", "stream", "hooks", "sink", "desk", "dashboard", "api"]
_Port = Annotated[int, Field(ge=0, le=65535)]


class Metrics(Part):
    """Of each process one HTTP port on `host`; where it is 0, that process tells nothing."""

    host: Ip = "127.0.0.1"
    collect: _Port = 9861
    stream: _Port = 9862
    hooks: _Port = 9863
    sink: _Port = 9864
    desk: _Port = 9865
    dashboard: _Port = 9866
    api: _Port = 9867

    @model_validator(mode="after")
    def _apart(self) -> Self:
        taken: dict[int, str] = {}
        for name, port in ((name, port) for name, port in self if isinstance(port, int) and port):
            if other := taken.get(port):
                raise ValueError(f"{name} and {other} have the same port {port}")
            taken[port] = name
        return self
