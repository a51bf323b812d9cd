"""The charts of the Pipeline page: events a second beside those of the same time a week before."""

import altair as alt
import pandas as pd

from dashboards.charts import Chart, local, silence, time_axis, with_times
from dashboards.palette import DELIVERED, QUIET
from dashboards.span import Span

NOW, USUAL = "events a second", "a week before"


def rate(frame: pd.DataFrame, span: Span) -> Chart:
    """Return the rate of a topic; `frame` is of `queries_pipeline.series`. Where nothing came there is nothing."""
    width = span.bucket_seconds
    given = with_times(frame, width).assign(now=frame["events"] / width, usual=frame["before"] / width, floor=0)
    bars = (
        alt.Chart(given[given["events"] > 0])
        .mark_rect(color=DELIVERED, opacity=0.75)
        .encode(
            x=time_axis(span),
            x2=alt.X2("end:T"),
            y=alt.Y("floor:Q", title=NOW, axis=alt.Axis(tickCount=4)),
            y2=alt.Y2("now:Q"),
            tooltip=[
                alt.Tooltip("when:N"),
                local(),
                alt.Tooltip("now:Q", format=".3f", title=NOW),
                alt.Tooltip("events:Q", title="events"),
            ],
        )
    )
    usual = (
        alt.Chart(given[given["before"] > 0])
        .mark_line(color=QUIET, strokeDash=[4, 3], interpolate="step-after", aria=False)  # the table says it, too
        .encode(
            x=time_axis(span),
            y=alt.Y("usual:Q"),
            tooltip=[alt.Tooltip("when:N"), local(), alt.Tooltip("usual:Q", format=".3f", title=USUAL)],
        )
    )
    return alt.layer(silence(frame[frame["events"] > 0], span), bars, usual, height=200)
