"""The map of where a mailbox was used: the outline of the land, and a mark for each place, the larger the more.

The outline and the middle of each country come with the package (world.json): nothing is asked of the Internet.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import altair as alt
import pandas as pd

from dashboards.charts import Chart
from dashboards.palette import BOUNCED, DELIVERED, QUIET, THIRD

KINDS = {
    "good": ("● login", "circle", DELIVERED),
    "failed": ("■ failed login", "square", BOUNCED),
    "sent": ("◆ sent mail", "diamond", THIRD),
}
_ROOM = 6.0  # degrees around the outermost places


@cache
def world() -> dict[str, Any]:
    """Return the package's world: `land` is a topology, `countries` has longitude and latitude by ISO 3166 letters."""
    found: dict[str, Any] = json.loads(files("dashboards").joinpath("world.json").read_text(encoding="utf-8"))
    return found


def middle(country: str) -> tuple[float, float] | None:
    """Return longitude and latitude of a country's middle, `None` where the country is not known."""
    place = world()["countries"].get(country)
    return (place[0], place[1]) if place else None


def places(frame: pd.DataFrame, *, closer: bool) -> Chart:
    """Return the map.

    `frame`: longitude, latitude, what (the words of `KINDS`), number, place, networks, systems, last. `closer`: only
    the part of the world in which the places are.
    """
    outline = alt.InlineData(values=world()["land"], format=alt.TopoDataFormat(type="topojson", feature="land"))
    land = alt.Chart(outline)
    ground = land.mark_geoshape(fill=QUIET, fillOpacity=0.28, stroke=QUIET, strokeWidth=0.5, clip=True, aria=False)
    marks = alt.Chart(frame).mark_point(filled=True, opacity=0.8, stroke="#FCFCFB", strokeWidth=0.8, clip=True)
    words, shapes, colours = ([kind[part] for kind in KINDS.values()] for part in range(3))
    legend = alt.Legend(orient="top", title=None, symbolOpacity=1)
    names = ("place", "what", "number", "networks", "systems", "last")
    marks = marks.encode(
        longitude=alt.Longitude("longitude:Q"),
        latitude=alt.Latitude("latitude:Q"),
        size=alt.Size("number:Q", scale=alt.Scale(type="sqrt", range=[60, 900]), legend=None),
        color=alt.Color("what:N", scale=alt.Scale(domain=words, range=colours), legend=legend),
        shape=alt.Shape("what:N", scale=alt.Scale(domain=words, range=shapes), legend=legend),
        order=alt.Order("number:Q", sort="descending"),
        tooltip=[alt.Tooltip(f"{name}:N") for name in names],
    )
    shown = alt.layer(ground, marks, height=360)
    if closer:
        return shown.project(type="equirectangular", fit=_frame(frame))
    return shown.project(type="equalEarth")


def _frame(frame: pd.DataFrame) -> dict[str, Any]:
    """Return the corners of the part of the world in which all places are."""
    west, east = float(frame["longitude"].min()) - _ROOM, float(frame["longitude"].max()) + _ROOM
    south, north = float(frame["latitude"].min()) - _ROOM, float(frame["latitude"].max()) + _ROOM
    corners = [[max(-180.0, west), max(-90.0, south)], [min(180.0, east), min(90.0, north)]]
    return {"type": "Feature", "properties": {}, "geometry": {"type": "MultiPoint", "coordinates": corners}}
