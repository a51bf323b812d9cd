"""The pages: `streamlit run` starts this file, `dashboards.serve` tells how."""

import logging

import streamlit as st
from PIL import Image, ImageDraw

from dashboards.palette import DELIVERED

# A page that asks every four seconds would show Streamlit's running man as often, and fade under load.
_STILL = (
    "[data-testid=stStatusWidget] { display: none } [data-stale], [data-testid=stExpander] summary, "
    "[data-testid=stExpander] summary > * { opacity: 1 !important }"
)
# Streamlit cuts a badge that is wider than a phone.
_WHOLE = ".stMarkdownBadge { white-space: normal !important }"
# Streamlit lets a row of choices run out of a phone's side.
_WRAPPED = "[data-testid=stButtonGroup] > div { flex-wrap: wrap !important; row-gap: 4px }"
# A table's own toolbar offers a file without a guard against formulas; `offers` has one with it.
_GUARDED = '[data-testid=stElementToolbarButton]:has([aria-label="Download as CSV"]) { display: none }'


def _shield() -> Image.Image:
    """Return the icon, drawn here since Streamlit fetches its own icons for it from the Internet."""
    icon = Image.new("RGBA", (64, 64))
    ImageDraw.Draw(icon).polygon([(32, 2), (58, 12), (54, 40), (32, 62), (10, 40), (6, 12)], fill=DELIVERED)
    return icon


def main() -> None:
    """Show the page that the URL names; the tab's title comes before all that takes its time."""
    st.set_page_config(page_title="Relaywarden", page_icon=_shield(), layout="wide")
    from dashboards.views import (  # noqa: PLC0415 loading pandas and Altair takes a second
        alerts,
        complaints,
        customers,
        delisting,
        domains,
        lists,
        mailboxes,
        overview,
        pipeline,
        pool,
        providers,
        reports,
        sunset,
        time_travel,
    )

    for library in ("urllib3.connectionpool", "clickhouse_connect"):  # the pages say themselves what is away
        logging.getLogger(library).setLevel(logging.ERROR)
    st.html(f"<style>{_STILL} {_WHOLE} {_WRAPPED} {_GUARDED}</style>")
    pages = {  # without icons, which would push the last ones out of the top of a screen of 1280 pixels
        "overview": st.Page(overview.page, title="Overview", default=True),
        "alerts": st.Page(alerts.page, title="Alerts", url_path="alerts"),
        "pool": st.Page(pool.page, title="Pool", url_path="pool"),
        "delisting": st.Page(delisting.page, title="Delisting", url_path="delisting"),
        "lists": st.Page(lists.page, title="Lists", url_path="lists"),
        "providers": st.Page(providers.page, title="Providers", url_path="providers"),
        "mailboxes": st.Page(mailboxes.page, title="Mailboxes", url_path="mailboxes"),
        "customers": st.Page(customers.page, title="Customers", url_path="customers"),
        "complaints": st.Page(complaints.page, title="Complaints", url_path="complaints"),
        "domains": st.Page(domains.page, title="Domains", url_path="domains"),
        "reports": st.Page(reports.page, title="Reports", url_path="reports"),
        "pipeline": st.Page(pipeline.page, title="Pipeline", url_path="pipeline"),
        "sunset": st.Page(sunset.page, title="Sunset", url_path="sunset"),
        "time_travel": st.Page(time_travel.page, title="Time travel", url_path="time-travel"),
    }
    st.session_state["pages"] = pages
    st.navigation(list(pages.values()), position="top").run()


main()
