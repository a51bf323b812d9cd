"""What is going away, when, whom that concerns, and in which steps it is switched off (docs/sunset.md)."""

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.checked import Zone
from schemas.mailbox_hooks import ADDRESS, Address
from schemas.part import Part
from schemas.smtp_settings import Posting
from schemas.sunset_stages import Stages, Switches, misplaced

SunsetKind = Literal["smtp_after_pop", "cleartext_login", "old_tls"]
Language = Literal["de", "fr", "it", "en"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
TlsVersion = Literal["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2"]
Hour = Annotated[int, Field(ge=0, le=23)]
_WEB = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:[/?#][!-;=?-z|~]{0,1000})?")
"""A URL as a header can hold it between angle brackets (RFC 2369)."""


def _unsubscribe(text: str) -> str:
    if text and not (ADDRESS.fullmatch(text) or _WEB.fullmatch(text.replace("{letter}", "x"))):
        raise ValueError(f"{text!r} is neither a mail address nor a URL like 'https://isp.example/stop/{{letter}}'")
    return text


Unsubscribe = Annotated[str, AfterValidator(_unsubscribe)]


class SunsetMail(Posting):
    """The letters to the customers of a sunset: from whom, in what words, over which server.

    `support` is whom to call, `website` where the instructions stand, `smtp_server` what customers are to enter, all as
    they are to be read. `templates` is a folder with texts of the company's own. `unsubscribe` is an address or URL for
    `List-Unsubscribe`, where a customer may say that he wants no more of these letters; `{letter}` in a URL is the id
    of the letter.
    """

    sender: Address
    sender_name: str = ""
    reply_to: Address | Literal[""] = ""
    company: Annotated[str, Field(min_length=1)]
    support: Annotated[str, Field(min_length=1)]
    website: str = ""
    smtp_server: Annotated[str, Field(min_length=1)]
    imap_server: str = ""
    unsubscribe: Unsubscribe = ""
    language: Language = "en"
    templates: Path | None = None


class Sunset(Part):
    """Something that ends: from `begins` on its users' customers get a letter a week, `letters` at most, till `ends`.

    Letters go on `weekday` from `hour` on, spread over `spread_hours`, in `timezone`. A mailbox that is not seen for
    `quiet_days` is done. Under `least_confidence` a mailbox is written about with its customer's others alone.
    `old_tls` are the versions that end.
    """

    kind: SunsetKind
    begins: date
    ends: date
    letters: Annotated[int, Field(ge=1, le=52)] = 6
    weekday: Weekday = "tuesday"
    hour: Hour = 9
    spread_hours: Annotated[float, Field(ge=0, le=24)] = 4.0
    timezone: Zone = "UTC"
    quiet_days: Annotated[int, Field(ge=1, le=90)] = 7
    least_confidence: Annotated[float, Field(ge=0, le=1)] = 0.3
    old_tls: frozenset[TlsVersion] = frozenset(("SSLv3", "TLSv1", "TLSv1.1"))
    mail: SunsetMail | None = None
    stages: Stages | None = None
    switch: Switches = Switches()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends <= self.begins:
            raise ValueError(f"ends {self.ends} is not after begins {self.begins}")
        first = self.stages.first_day if self.stages else None
        if first is not None and first < self.begins:
            raise ValueError(f"stages.first_day {first} is before begins {self.begins}")
        if self.stages is None and self.switch != Switches():
            raise ValueError("a switch without a table `stages` would never switch anything off")
        if self.stages is not None and self.stages.tell and self.mail is None:
            raise ValueError("stages.tell needs a table `mail`: no server would take what is told")
        if wrong := "; ".join(misplaced(self.kind, self.stages, self.switch)):
            raise ValueError(wrong)
        return self
