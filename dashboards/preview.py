"""A letter as a customer gets it: what `relaywarden sunset preview` writes, asked of the command itself.

The pages import nothing of what writes letters. A process of its own also means that a template that loops or grows is
ended, and spoils no page.
"""

import re
from dataclasses import dataclass
from html import escape

import msgspec

from dashboards import commanded

_SECONDS = 20.0
_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)")
_LIGHT = re.compile(r"\(\s*prefers-color-scheme\s*:\s*light\s*\)")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Letter(msgspec.Struct, frozen=True):
    """A letter; `faults` tell which templates of the company's own are not used, `problem` why nobody gets it."""

    to: str
    problem: str
    subject: str
    text: str
    html: str
    faults: tuple[str, ...] = ()


_LETTER = msgspec.json.Decoder(Letter)


@dataclass(frozen=True)
class Wish:
    """Which letter somebody wants to see, of which sunset and customer."""

    sunset: str
    customer: str
    language: str
    kind: str
    number: int


def letter(config: str, wish: Wish) -> Letter:
    """Return the letter. ValueError with the command's own words where there is none."""
    options = {
        "--config": config,
        "--sunset": wish.sunset,
        "--customer": wish.customer,
        "--language": wish.language,
        "--kind": wish.kind,
        "--number": str(wish.number),
    }
    given = [f"{name}={value}" for name, value in options.items() if value]
    late = f"the letter was not written within {_SECONDS:.0f} s"
    return _LETTER.decode(commanded.said(["sunset", "preview", "--json", *given], _SECONDS, late))


def framed(html: str, *, dark: bool) -> str:
    """Return a page that shows a letter's HTML, light or dark, in a frame of its own.

    Nothing in it runs, loads, opens, submits or sees this page: `sandbox` without a permission, and a policy besides,
    which the frame takes from this page and has itself, before all that a browser may fetch ahead.
    """
    asked = _DARK.sub("(min-width: 0px)" if dark else "(max-width: 0px)", html)
    asked = _LIGHT.sub("(max-width: 0px)" if dark else "(min-width: 0px)", asked)
    ground = "#15181c" if dark else "#ffffff"
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    return (
        f"<!DOCTYPE html>{policy}"
        f'<body style="margin: 0"><iframe title="letter" sandbox="" srcdoc="{escape(policy + asked)}" '
        f'style="border: 0; width: 100%; height: 100vh; background: {ground}"></iframe></body>'
    )
