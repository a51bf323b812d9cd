"""What stands above a table before the table does: how many rows, and how many say what."""

import re

from streamlit.testing.v1 import AppTest


def _counts() -> None:
    from dashboards import tally  # noqa: PLC0415 Streamlit runs the source of this function alone

    tally.show(["● nothing", "▲ flag", "■ suspend", "▲ flag", "strange *words*"], "mailboxes", 1200)
    tally.show((f"◆ kind {number % 9}" for number in range(12)), "things", 12)
    tally.show([], "alerts")


def _said(test: AppTest) -> list[str]:
    """Return what is written, each badge by itself."""
    return [part for each in test.run().markdown for part in re.split(r" (?=:\w+-badge)", each.value)]


def test_the_worst_come_first_and_a_strangers_words_stay_words() -> None:
    said = _said(AppTest.from_function(_counts, default_timeout=60))
    assert said[:5] == [
        "**5 of 1\u2009200 mailboxes**",
        ":red-badge[■ suspend: 1]",
        ":orange-badge[▲ flag: 2]",
        ":green-badge[● nothing: 1]",
        r":gray-badge[strange \*words\*: 1]",
    ]
    assert said[5] == "**12 things**", "no more than are shown"
    assert said[6:13] == [f":orange-badge[◆ kind {each}: {2 if each < 3 else 1}]" for each in range(6)] + [
        ":gray-badge[others: 3]"
    ]
    assert said[13:] == ["**0 alerts**"]


_STRIP = """
from types import SimpleNamespace

from dashboards.pools import Standing
from dashboards.views import overview

states = ("withdrawn",) * 97 + ("unknown",) * 3 + ("active",) * 100
ips = [Standing("main", f"192.0.2.{number}", state) for number, state in enumerate(states)]
overview._strip(SimpleNamespace(settings=SimpleNamespace(pool={"main": None})), ips)
"""


def test_of_a_large_pool_that_is_half_out_some_are_named_and_all_are_counted() -> None:
    said = _said(AppTest.from_string(_STRIP, default_timeout=60))
    assert said[:24] == [rf":red-badge[■ 192\.0\.2\.{number} withdrawn]" for number in range(24)]
    assert said[24:] == [
        ":green-badge[● 100 active]",
        ":red-badge[■ 73 more withdrawn]",
        ":gray-badge[? 3 more unknown]",
    ]
