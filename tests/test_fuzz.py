"""No input makes a parser raise anything but ValueError: some of what `python -m bench.fuzz` runs at length."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import documents, logins, mta
from collectors.documents import KINDS
from tests.fuzzing import GOLDEN, Watched, mutated, outcomes, targets

_NAMES = sorted(name for name, target in targets().items() if target.samples)


def test_each_parser_has_golden_inputs_and_a_name_of_its_own() -> None:
    named = [*mta.names(), *logins.names(), *(name for kind in KINDS for name in kind.names())]
    assert sorted(named) == _NAMES


@pytest.mark.parametrize("name", _NAMES)
def test_no_damaged_golden_input_makes_a_parser_raise_anything_else(name: str) -> None:
    target = targets()[name]
    inputs = 1000 if target.lines else 100
    told = outcomes(target, 1, inputs)
    assert sum(told.values()) == inputs
    assert told.keys() <= {"events", "absorbed", "ignored", "unreadable"}
    assert told["events"] + told["absorbed"] > 0


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(_NAMES), st.randoms(use_true_random=False))
def test_the_smallest_input_that_does_is_found(name: str, chance: Random) -> None:
    target = targets()[name]
    content = mutated(chance, target)
    with Watched(name, content):
        assert target.begin()(content) in {"events", "absorbed", "ignored", "unreadable"}


@pytest.mark.parametrize("nested", ["x:", "(", "<", '"', "\\", ","])
def test_an_address_field_that_nests_without_end_is_no_fault(nested: str) -> None:
    mail = (GOLDEN / "complaints" / "arf" / "01-authenticated_sender.eml").read_bytes()
    deep = f"From: {nested * 40_000}a@example.net\nReturn-Path: {nested * 40_000}a@example.net\n".encode()
    for name in ("arf", "spamcop", "rfc3464", documents.ANY):
        assert targets()[name].begin()(deep + mail) in {"events", "ignored", "unreadable"}
