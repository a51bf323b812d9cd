"""Where a mailbox logged in and sent from: a map where places are known, and the same as a table."""

from pathlib import PurePath
from typing import Any

import pandas as pd
import streamlit as st
from babel import Locale

from dashboards import charts_map, elements, offers, queries_logins, words
from dashboards.charts_map import KINDS
from dashboards.elements import Page

_LOOKS = ("World", "Closer")
_COLUMNS = {
    "what": ("what", 120),
    "place": ("place", 210),
    "number": ("number", 75),
    "networks": ("networks", 80),
    "some": ("among them", 260),
    "systems": ("AS", 160),
}


def show(shown: Page, mailbox: str) -> None:
    """Show the places of a mailbox's logins and mails in the page's hours, or why none is known."""
    st.subheader("Where it was used", anchor=False)
    found = shown.read(queries_logins.places, mailbox, every=shown.every)
    if elements.missing(found, "No data: no login and no mail of it in this time.") or found is None:
        return
    told = _told(found, shown.now)
    placed = told.dropna(subset=["longitude"])
    if placed.empty:
        elements.nothing(_why_not(shown))
        return
    look = elements.choice("map", "Part of the world", list(_LOOKS), _LOOKS[0])
    drawn = charts_map.places(placed, closer=look == "Closer")
    said = "A map of where the mailbox logged in, failed to, and sent from; the table says the same"
    elements.chart(drawn, offers.made(placed, found), "map", said)
    st.caption(_said(shown, found, told))
    columns: dict[str, Any] = {name: elements.text(label, width) for name, (label, width) in _COLUMNS.items()}
    columns["number"] = st.column_config.NumberColumn("number", format="localized", width=75)
    columns |= {"begun": elements.when("first, UTC"), "ended": elements.when("last, UTC")}
    elements.table(offers.made(told, found), "places", columns, ("what",), alarm=True)


def _told(found: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """Return the places with longitude and latitude, NaN where not even the country is known, and in words."""
    names, rows = Locale("en").territories, []
    for row in elements.rows(found):
        exact = bool(row["latitude"] or row["longitude"])
        middle = charts_map.middle(row["country"])
        place = (row["longitude"], row["latitude"]) if exact else middle or (None, None)
        country = names.get(row["country"], row["country"]) or "country not known"
        where = f"{country} ({row['latitude']:.1f}, {row['longitude']:.1f})" if exact else country
        rows.append(
            {
                "longitude": place[0],
                "latitude": place[1],
                "what": KINDS[row["kind"]][0],
                "place": where if exact or not middle else f"{where}, the country only",
                "number": row["number"],
                "networks": row["networks"],
                "some": ", ".join(filter(None, row["some"])),
                "systems": ", ".join(f"AS{number}" for number in row["systems"]),
                "last": f"{words.clock(row['last'], now)} UTC",
                "begun": row["first"],
                "ended": row["last"],
            }
        )
    return pd.DataFrame(rows).astype({"longitude": "float64", "latitude": "float64"})


def _why_not(shown: Page) -> str:
    if shown.settings.geoip.databases:
        return (
            "No place is known: the GeoIP databases do not know these addresses, or came after these lines were read."
        )
    return "No map without GeoIP: [geoip] in relaywarden.toml names a database, free ones will do (docs/geoip.md)."


def _said(shown: Page, found: pd.DataFrame, told: pd.DataFrame) -> str:
    """Return what the map leaves out, and whose data it is made of."""
    unplaced = int(told["number"][told["longitude"].isna()].sum())
    parts = ["The larger, the more"]
    if unplaced:
        parts.append(f"{words.count(unplaced)} logins and mails have no known place")
    if int(found["total"].max()) > len(found):
        parts.append(f"the busiest {words.count(len(found))} of {words.count(int(found['total'].max()))} places")
    used = [PurePath(name).stem for name in shown.settings.geoip.databases]
    if used:
        parts.append(f"places by {words.inert(', '.join(used))}")
    return f"{'; '.join(parts)}. Outline: Natural Earth."
