"""Settings about customers' domains: which there are, and what each must publish for our mail in its name."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from schemas.checked import Domain, domain
from schemas.part import Part

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
MOST_SELECTORS = 10
_INTERVALS = 3
_DAY = 86_400_000_000
_SLOT = re.compile(r"\{([^{}]*)\}")


def selector(text: str) -> str:
    """Return a DKIM selector (RFC 6376: labels with dots between) in lower case. ValueError where it is none."""
    name = text.strip().lower()
    if len(name) > 100 or not all(map(_LABEL.fullmatch, name.split("."))):  # noqa: PLR2004 leaves room for the domain
        raise ValueError(f"{text!r} is no DKIM selector")
    return name


def _few(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > MOST_SELECTORS:
        raise ValueError(f"{len(names)} selectors; at most {MOST_SELECTORS} are looked for in each domain")
    return tuple(dict.fromkeys(names))


def _domain_or_nothing(text: str) -> str:
    return domain(text) if text else ""


def _target(text: str) -> str:
    if unknown := set(_SLOT.findall(text)) - {"selector", "domain"}:
        raise ValueError(f"{{{min(unknown)}}} is not known there; {{selector}} and {{domain}} are")
    if text:
        domain(text.replace("{selector}", "s").replace("{domain}", "example.net"))
    return text.lower().removesuffix(".")


Selector = Annotated[str, AfterValidator(selector)]
Days = Annotated[float, Field(ge=1, le=365, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]


class Domains(Part):
    """Which customers' domains are looked at beside those of `[customers]`, and what each must publish.

    Without `enabled` none is looked at. `file` has one domain a line, with selectors and customer where it has some of
    its own (docs/domains.md). `spf_include` is the domain that customers include in their SPF, `dkim_cname` where the
    name of each selector leads, with {selector} and {domain}; `return_path` the domain of our envelope senders where
    those are not the customers'.
    """

    enabled: bool = True
    extra: tuple[Domain, ...] = ()
    file: Path | None = None
    dkim_selectors: Annotated[tuple[Selector, ...], AfterValidator(_few)] = ()
    dkim_cname: Annotated[str, AfterValidator(_target)] = ""
    spf_include: Annotated[str, AfterValidator(_domain_or_nothing)] = ""
    return_path: Annotated[str, AfterValidator(_domain_or_nothing)] = ""
    interval_days: Days = 7.0
    queries_per_second: Rate = 20.0

    @property
    def known_for(self) -> int:
        """Return for how many µs a look counts: what was seen three intervals ago is not known any more."""
        return int(_INTERVALS * self.interval_days * _DAY)
