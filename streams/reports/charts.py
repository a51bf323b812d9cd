"""Charts as PNG: the colours that colour-blind people can tell apart, each with a pattern, grey where nothing is known.

They stand on white in every mail: what a mail client makes of a dark page leaves a picture as it is. The same chart
gives the same bytes.
"""

from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from streams.reports.document import Chart, Document
from streams.reports.words import Tongue

COLOURS = {"delivered": "#4C8DB8", "deferred": "#E0A63A", "bounced": "#C8553D"}
"""Those of the pages (`dashboards/palette.py`)."""
_HATCHES = {"delivered": "", "deferred": "////", "bounced": "xx"}
_QUIET, _INK, _GRID = "#D5DADF", "#1F2933", "#E4E8EC"
_INCHES = (5.6, 2.7)
_MOST_LABELS = 8


def drawn(document: Document) -> list[bytes]:
    """Return the charts of a report, in their order."""
    tongue = Tongue(document.language, "UTC")
    return [png(chart, tongue) for chart in document.charts]


def png(chart: Chart, tongue: Tongue, dpi: int = 200) -> bytes:
    """Return a chart as PNG, 560 by 270 points; by default twice as many pixels, for dense screens."""
    figure = Figure(figsize=_INCHES, dpi=dpi, layout="constrained", facecolor="white")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    (_lines if chart.lines else _bars)(axes, chart)
    _unknown(axes, chart)
    _dress(axes, chart, tongue)
    made = BytesIO()
    canvas.print_figure(made, format="png", metadata={"Software": None})
    return made.getvalue()


def _bars(axes: Axes, chart: Chart) -> None:
    places = range(len(chart.labels))
    floor = [0.0] * len(chart.labels)
    for series in chart.series:
        axes.bar(
            places,
            series.values,
            bottom=floor,
            width=0.8,
            color=COLOURS[series.colour],
            hatch=_HATCHES[series.colour],
            edgecolor="white",
            linewidth=0,
            label=series.name,
        )
        floor = [below + value for below, value in zip(floor, series.values, strict=True)]


def _lines(axes: Axes, chart: Chart) -> None:
    for series in chart.series:
        axes.plot(series.values, color=COLOURS[series.colour], linewidth=2, marker="o", markersize=5, label=series.name)


def _unknown(axes: Axes, chart: Chart) -> None:
    for number, place in enumerate(chart.unknown):
        label = "" if number else chart.unknown_label
        axes.axvspan(place - 0.5, place + 0.5, color=_QUIET, linewidth=0, zorder=0, label=label or "_")


def _dress(axes: Axes, chart: Chart, tongue: Tongue) -> None:
    axes.set_title(chart.title, fontsize=10, fontweight="bold", color=_INK, loc="left")
    axes.set_ylim(bottom=0, top=None if any(any(each.values) for each in chart.series) else 1)
    axes.set_xlim(-0.6, len(chart.labels) - 0.4)
    step = max(1, -(-len(chart.labels) // _MOST_LABELS))
    axes.set_xticks(range(0, len(chart.labels), step), chart.labels[::step])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tongue.number(value)))
    axes.tick_params(colors=_INK, labelsize=8, length=0)
    axes.grid(axis="y", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(_GRID)
    if len(chart.series) > 1 or chart.unknown:
        axes.legend(fontsize=8, frameon=False, ncols=4, loc="upper left", bbox_to_anchor=(0, -0.1), labelcolor=_INK)
