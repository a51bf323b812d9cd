"""What every part of the configuration is: frozen, and without unknown keys."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A table of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")
