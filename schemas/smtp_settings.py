"""How a mail of ours is handed to an SMTP server."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from schemas.checked import Port, Seconds
from schemas.part import Part


class Smtp(Part):
    """The server that takes our mails; at most `per_hour` begin in an hour.

    What it does not take for `give_up_hours` is given up. The password comes from the environment or a file.
    """

    host: str = "127.0.0.1"
    port: Port = 25
    security: Literal["none", "starttls", "ssl"] = "none"
    user: str = ""
    password_env: str = "RELAYWARDEN_SMTP_PASSWORD"  # noqa: S105 the variable's name, no password
    password_file: Path | None = None
    timeout_seconds: Seconds = 30.0
    per_hour: Annotated[int, Field(ge=1)] = 100
    give_up_hours: Annotated[float, Field(gt=0)] = 72.0


class Posting(Smtp):
    """How letters go that must come once: `when_unsure` is for one of which nobody knows whether the server took it.

    So it is where the connection broke before the answer, and no log that is read tells of our letters. "hold": it
    waits for an operator; "again": it is handed over again, and may come twice.
    """

    when_unsure: Literal["hold", "again"] = "hold"
