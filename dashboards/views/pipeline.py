"""Pipeline: whether the monitor itself works: lag, rates, dead letters and "try again", what was doubled, hooks."""

from collections.abc import Callable

from dashboards import elements
from dashboards.elements import Page
from dashboards.views import pipeline_flow, pipeline_hooks, pipeline_letters, pipeline_store

_SECTIONS: dict[str, Callable[[Page], None]] = {
    "Flow": pipeline_flow.show,
    "Dead letters": pipeline_letters.show,
    "Stored": pipeline_store.show,
    "Hooks": pipeline_hooks.show,
}


@elements.live
def page() -> None:
    """Show the page: the section that the URL names."""
    shown = Page(elements.header("Pipeline"))
    _SECTIONS[elements.choice("section", "Section", list(_SECTIONS), "Flow")](shown)
    shown.close()
