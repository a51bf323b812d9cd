"""What a page sends within a tenth of a second goes together: the names that Streamlit itself goes by."""

import inspect

import pytest
from streamlit.commands import execution_control
from streamlit.runtime import runtime, runtime_util

from dashboards import together

_NAME = "MESSAGE_FLUSH_INTERVAL_SECS"


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (runtime_util, runtime, execution_control):
        monkeypatch.setattr(place, _NAME, getattr(place, _NAME))


def test_the_sending_loop_and_a_change_of_page_go_by_the_name_that_is_set() -> None:
    assert _NAME in inspect.getsource(runtime.Runtime._loop_coroutine)  # noqa: SLF001 the loop itself
    assert _NAME in inspect.getsource(execution_control.switch_page)
    together.send()
    assert {getattr(place, _NAME) for place in (runtime_util, runtime, execution_control)} == {0.1}


def test_a_streamlit_that_renames_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(runtime, _NAME)
    with pytest.raises(AttributeError, match=_NAME):
        together.send()
