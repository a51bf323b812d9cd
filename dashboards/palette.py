"""Colours and shapes: calm on light and dark, safe for the colour-blind, and never the colour alone."""

from typing import Literal

DELIVERED = "#4C8DB8"
DEFERRED = "#E0A63A"
BOUNCED = "#C8553D"
QUIET = "#8A949E"
OTHER = "#7F9F5F"
THIRD = "#A98BC4"
OUTCOMES = {"delivered": DELIVERED, "deferred": DEFERRED, "bounced": BOUNCED}

STATES = {
    "active": "● active",
    "probation": "◆ probation",
    "withdrawn": "■ withdrawn",
    "kept": "▲ kept, should leave",
    "unknown": "? unknown",
}
Colour = Literal["red", "orange", "green", "gray"]
BADGES: dict[str, Colour] = {
    "active": "green",
    "probation": "orange",
    "withdrawn": "red",
    "kept": "orange",
    "unknown": "gray",
}
STEPS = {
    "suspend": "■ suspend",
    "throttle": "■ throttle",
    "flag": "▲ flag",
    "watch": "◆ watch",
    "": "● nothing",
}
OUTCOMES_OF_CHECKS = {"pass": "● pass", "fail": "▲ fail", "unknown": "? unknown", "": "· not asked"}
UNSEEN = "· not yet checked"
OUTCOMES_OF_DOMAINS = {
    "pass": "● pass",
    "advice": "◆ advice",
    "fail": "■ fail",
    "absent": "■ absent",
    "unknown": "? unknown",
    "": "· not asked",
}
ANSWERS = {"listed": "■ listed", "not_listed": "○ not listed", "unknown": "? unknown", "": "· not asked"}

_BAD, _WARN, _GOOD = "rgba(200, 85, 61, 0.22)", "rgba(224, 166, 58, 0.20)", "rgba(76, 141, 184, 0.13)"
_NONE = "rgba(138, 148, 158, 0.12)"
_SHADES = {"■": _BAD, "▲": _WARN, "◆": _WARN, "●": _GOOD, "○": "", "?": _NONE, "·": _NONE}

_SHARED = {
    "baseRadius": "0.4rem",
    "showWidgetBorder": "true",
    "headingFontWeights": "[600, 600, 600, 600, 600, 600]",
    "headingFontSizes": '["1.7rem", "1.35rem", "1.1rem", "1rem", "0.9rem", "0.85rem"]',
    "metricValueFontSize": "1.7rem",
    "paddingTop": "2.5rem",
    "paddingBottom": "3rem",
}
_LIGHT = {
    "primaryColor": "#2F6F9A",
    "backgroundColor": "#FCFCFB",
    "secondaryBackgroundColor": "#F1F4F6",
    "textColor": "#0F171D",
    "codeTextColor": "#0F171D",  # a caption shows it at 60 %
    "borderColor": "#DCE2E7",
    "redColor": "#B4452F",
    "orangeColor": "#B97A12",
    "greenColor": "#3F7F63",
    "blueColor": "#2F6F9A",
}
_DARK = {
    "primaryColor": "#6FB0DA",
    "backgroundColor": "#141A20",
    "secondaryBackgroundColor": "#1C242C",
    "textColor": "#E2E8ED",
    "codeTextColor": "#E2E8ED",
    "borderColor": "#303B46",
    "redColor": "#E58A75",
    "orangeColor": "#E3B05A",
    "greenColor": "#7CC2A2",
    "blueColor": "#7FB8DE",
}


def shade(cell: object, *, alarm: bool = False) -> str:
    """Return the CSS of a table cell by the shape its text begins with, "" for none; `alarm`: the worst only."""
    colour = _SHADES.get(str(cell)[:1], "")
    return f"background-color: {colour}" if colour and (colour == _BAD or not alarm) else ""


def flags() -> list[str]:
    """Return the theme as Streamlit's command line flags."""
    options = {f"theme.{name}": value for name, value in _SHARED.items()}
    options |= {f"theme.light.{name}": value for name, value in _LIGHT.items()}
    options |= {f"theme.dark.{name}": value for name, value in _DARK.items()}
    return [f"--{name}={value}" for name, value in options.items()]
