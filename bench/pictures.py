"""The pictures of the pages in the documentation: `python -m bench.pictures FOLDER [NAME …]`.

Each page of the tests' scenes, as a screen of 1440 pixels shows it, from top to bottom; look at them before they are
committed. Those of orders, *Lists*, *Customers* and *Pipeline* come from tests that have more than these scenes:
`RELAYWARDEN_SCREENSHOTS=FOLDER` with test_hands_browser, test_lists_customers_browser and test_pipeline_page.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser

from embedded.clickhouse import ClickHouseServer
from tests.chromium import chromium
from tests.pages.browsing import Visitor, served
from tests.pages.scene import THIEF, WITHDRAWN


@dataclass(frozen=True)
class Picture:
    """Where a page is, what is clicked once it stands (a link's words), and by which light."""

    path: str
    click: str = ""
    dark: bool = False


PICTURES = {
    "overview": Picture("/"),
    "alerts": Picture("/alerts"),
    "pool": Picture(f"/pool?ip={WITHDRAWN}&range=24h"),
    "pool-dark": Picture(f"/pool?ip={WITHDRAWN}&range=24h", dark=True),
    "pool-lists": Picture("/pool?part=Lists"),
    "pool-traffic": Picture("/pool?part=Traffic"),
    "delisting": Picture("/delisting"),
    "providers": Picture("/providers"),
    "mailboxes": Picture(f"/mailboxes?mailbox={quote(THIEF)}"),
    "mailboxes-dark": Picture(f"/mailboxes?mailbox={quote(THIEF)}", dark=True),
    "complaints": Picture("/complaints"),
    "domains": Picture("/domains?domain=rude.example"),
    "reports": Picture("/reports"),
    "sunset": Picture("/sunset"),
    "sunset-dark": Picture("/sunset", dark=True),
    "time-travel": Picture("/time-travel"),
    "decision": Picture(f"/mailboxes?mailbox={quote(THIEF)}", click="why?"),
}


def taken(browser: Browser, home: str, folder: Path, name: str) -> None:
    """Keep one picture."""
    wanted = PICTURES[name]
    context = browser.new_context(
        viewport={"width": 1440, "height": 900},
        color_scheme="dark" if wanted.dark else "light",
        timezone_id="Europe/Zurich",
        locale="en-GB",
    )
    visitor = Visitor(context.new_page(), home, folder)
    visitor.open(wanted.path)
    if wanted.click:
        visitor.page.get_by_text(wanted.click, exact=True).first.click()
        visitor.page.wait_for_url("**decision=**")
        visitor.drawn()
    visitor.picture(name)
    context.close()


def main(folder: Path, names: list[str]) -> None:
    """Keep all that are wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made, ClickHouseServer(Path(made) / "data") as server:
        scenes = Path(made) / "scenes"
        scenes.mkdir()
        with served(server, scenes) as port, chromium() as browser:
            for name in names:
                taken(browser, f"http://127.0.0.1:{port}", folder, name)
                print(folder / f"{name}.png", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.pictures", description="Keep pictures of the pages.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", default=list(PICTURES), metavar="NAME", help=", ".join(PICTURES))
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(PICTURES):
        parser.error(f"no picture is named {', '.join(sorted(unknown))}; there are {', '.join(PICTURES)}")
    if chosen.folder.exists() and not chosen.folder.is_dir():
        parser.error(f"{chosen.folder} is no folder")
    main(chosen.folder, chosen.names)
