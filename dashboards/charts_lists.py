"""The charts of one list: its history as a strip, and how fast its answers came."""

import altair as alt
import pandas as pd

from dashboards import listbook
from dashboards.charts import Chart, coloured, local, time_axis
from dashboards.palette import BOUNCED, DEFERRED, DELIVERED, QUIET, THIRD
from dashboards.span import Span
from schemas.observations import ANSWER_MS

_STATES = {
    listbook.HEALTHY: DELIVERED,
    listbook.HALF: THIRD,
    listbook.SICK: DEFERRED,
    listbook.LOST: BOUNCED,
    listbook.NO_DATA: QUIET,
}
_TALL = {
    listbook.HEALTHY: 10,
    listbook.HALF: 16,
    listbook.SICK: 24,
    listbook.LOST: 24,
    listbook.NO_DATA: 3,
}


def strip(frame: pd.DataFrame, span: Span) -> Chart:
    """Return the times of `listbook.spells` and `listbook.distrust` as lanes: the taller, the worse."""
    order = list(dict.fromkeys(frame["lane"]))
    lane = alt.Y("lane:N", title=None, sort=order, axis=alt.Axis(labelLimit=150, ticks=False, domain=False))
    colour = coloured("state", list(_STATES), list(_STATES.values()))
    layers = []
    for state, tall in _TALL.items():
        part = frame[frame["state"] == state]
        if part.empty:  # a layer without marks has no name that a screen reader could tell
            continue
        marks = alt.Chart(part).mark_bar(height=tall)
        layers.append(
            marks.encode(
                x=time_axis(span),
                x2=alt.X2("end:T"),
                y=lane,
                color=colour,
                tooltip=[alt.Tooltip("state:N"), alt.Tooltip("when:N"), local("start"), alt.Tooltip("why:N")],
            )
        )
    return alt.layer(*layers, height=36 * len(order) + 140)


def latency(frame: pd.DataFrame, span: Span) -> Chart:
    """Return the share of the answers within each time, by round: `frame` has start, end, when, within and answers.

    Each round is a column of cells, the stronger the more of its answers took so long.
    """
    labels = [*(f"≤ {limit:g} ms" for limit in ANSWER_MS), f"> {ANSWER_MS[-1]:g} ms"]
    used = [label for label in labels if label in set(frame["within"])]
    cells = alt.Chart(frame).mark_rect(color=DELIVERED)
    cells = cells.encode(
        x=time_axis(span),
        x2=alt.X2("end:T"),
        y=alt.Y("within:N", title=None, sort=used[::-1], axis=alt.Axis(ticks=False, domain=False, labelOverlap=False)),
        opacity=alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.15, 1]), legend=None),
        tooltip=[alt.Tooltip("when:N"), local("start"), alt.Tooltip("within:N"), alt.Tooltip("answers:Q")],
    )
    return alt.layer(cells, height=18 * len(used) + 50)
