"""Make dashboards/world.json, the outline of the land and a place for each country, from the npm package world-atlas.

`npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz && python -m bench.world package`
The package holds Natural Earth's land at 1:110 million and countries at 1:50 million as TopoJSON; Natural Earth is in
the public domain (https://www.naturalearthdata.com/about/terms-of-use/), the package's own licence is ISC.
"""

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from babel.core import get_global

Point = tuple[float, float]
_TARGET = Path(__file__).resolve().parents[1] / "dashboards" / "world.json"
_SOURCE = "Natural Earth (public domain), by way of the npm package world-atlas 2.0.2 (ISC)"


def _arcs(topology: dict[str, Any]) -> list[list[Point]]:
    """Return the arcs of a quantised topology in degrees: each point is told as its distance from the one before."""
    (wide, high), (left, low) = topology["transform"]["scale"], topology["transform"]["translate"]
    found = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            points.append((left + wide * x, low + high * y))
        found.append(points)
    return found


def _ring(numbers: list[int], arcs: list[list[Point]]) -> list[Point]:
    """Return a ring's points; the number ~n means arc n backwards."""
    ring: list[Point] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        ring += arc[1:] if ring else arc
    whole = ring[:1]
    for x, y in ring[1:]:  # across the line of the date it goes on beyond 180 degrees
        whole.append((x - 360 * round((x - whole[-1][0]) / 360), y))
    if round(whole[-1][0] - whole[0][0]):  # Antarctica goes around the pole
        whole += [(whole[-1][0], -90), (whole[0][0], -90), whole[0]]
    return whole


def _middle(ring: list[Point]) -> tuple[float, Point]:
    """Return twice the area that a ring holds, and its centroid (the shoelace formula)."""
    area = x = y = 0.0
    for (x1, y1), (x2, y2) in pairwise(ring):
        part = x1 * y2 - x2 * y1
        area, x, y = area + part, x + part * (x1 + x2), y + part * (y1 + y2)
    return abs(area), (x / (3 * area), y / (3 * area)) if area else ring[0]


def _places(topology: dict[str, Any]) -> dict[str, Point]:
    """Return where each country is: the middle of its largest part, by its ISO 3166 letters."""
    arcs, aliases = _arcs(topology), get_global("territory_aliases")
    places: dict[str, tuple[float, Point]] = {}
    for country in topology["objects"]["countries"]["geometries"]:
        letters = aliases.get(country.get("id"), [""])[0]
        if not letters:
            continue  # parts of the world that have no code of their own
        parts = [country["arcs"]] if country["type"] == "Polygon" else country["arcs"]
        area, (x, y) = max(_middle(_ring(part[0], arcs)) for part in parts)
        place = (round((x + 180) % 360 - 180, 2), round(y, 2))
        places[letters] = max(places.get(letters, (0.0, place)), (area, place))  # islands apart bear the same letters
    return {letters: place for letters, (_area, place) in sorted(places.items())}


def main() -> None:
    """Write the file, and say how large it is."""
    package = Path(sys.argv[1])
    land = json.loads((package / "land-110m.json").read_text())
    places = _places(json.loads((package / "countries-50m.json").read_text()))
    text = json.dumps({"source": _SOURCE, "countries": places, "land": land}, separators=(",", ":"))
    _TARGET.write_text(text + "\n")
    print(f"{_TARGET.name}: {len(places)} countries, {len(text):,} bytes")


if __name__ == "__main__":
    main()
