"""The arithmetic of `python -m bench.paint`, and that it knows every page of the navigation."""

import re
from pathlib import Path

import dashboards
from bench.paint import Seen, above, ranked
from bench.paint_eye import PLACES, Sight


def test_a_rank_is_a_time_that_was_measured_and_what_never_came_is_the_latest() -> None:
    assert ranked([float(number) for number in range(1, 101)], 95) == 95.0
    assert ranked([4.0, 1.0, 3.0, 2.0], 50) == 2.0
    assert ranked([7.0], 95) == 7.0
    assert ranked([1.0, None, 2.0], 50) == 2.0
    assert ranked([1.0, None, 2.0], 95) == float("inf")


def test_a_line_marks_each_goal_by_itself() -> None:
    assert above(1500.0, 2500.0) == ""
    assert above(1501.0, 2500.0) == "  above the goal: value"
    assert above(1500.0, 2501.0) == "  above the goal: whole"
    assert above(1501.0, float("inf")) == "  above the goal: value, whole"


def test_a_page_that_never_was_whole_says_so() -> None:
    seen = Seen("pool", "cold", [Sight(300.0, 900.0, None, 12_000, 0.5)], [(0.25, 0.1)])
    line = seen.line().split()
    assert line[:9] == ["pool", "cold", "300", "300", "900", "900", "never", "never", "250"]
    assert line[9:] == ["100", "500", "12", "above", "the", "goal:", "whole"]


def test_each_page_of_the_navigation_has_a_place_for_its_first_useful_value() -> None:
    app = Path(dashboards.__file__).with_name("app.py").read_text(encoding="utf-8")
    assert {name.partition("?")[0] for name in PLACES} == {"", *re.findall(r'url_path="([^"]+)"', app)}
