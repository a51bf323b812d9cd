"""A page's address is enough: what was chosen stands in it, and whoever opens a copy sees the same."""

from tests.pages.conftest import Hall, Open
from tests.pages.scene import THIEF
from tests.pages.test_dashboard_views import shown


def test_the_provider_of_the_overview_stands_in_the_address(hall: Hall, opened: Open) -> None:
    opened(hall)
    test = shown("overview", range="24h")
    whole = test.session_state["offers"]["volume-chart"].frame
    test.selectbox(key="provider").set_value("google").run()
    assert test.query_params["provider"] == "google"
    chosen = test.session_state["offers"]["volume-chart"].frame
    copy = shown("overview", range="24h", provider="google")
    assert copy.selectbox(key="provider").value == "google"
    own = copy.session_state["offers"]["volume-chart"].frame
    assert own["sent"].sum() == chosen["sent"].sum() < whole["sent"].sum()
    copy.selectbox(key="provider").set_value(None).run()
    assert "provider" not in copy.query_params


def test_an_address_holds_a_provider_that_had_no_mail_of_late(hall: Hall, opened: Open) -> None:
    opened(hall)
    test = shown("overview", range="24h", provider="<b>nobody</b>")
    assert test.selectbox(key="provider").value == "<b>nobody</b>"
    assert not test.session_state["offers"]["volume-chart"].frame["sent"].sum()


def test_the_part_of_a_decision_stands_in_the_address(hall: Hall, opened: Open) -> None:
    opened(hall)
    found = hall.client.query(
        "SELECT id FROM mailbox_events WHERE mailbox = {m:String} ORDER BY at DESC LIMIT 1", {"m": THIEF}
    )
    test = shown("time_travel", decision=found.result_rows[0][0])
    assert "inputs-deliveries" in test.session_state["offers"]
    test.button_group(key="part").set_value("Logins").run()
    assert test.query_params["part"] == "Logins"
    copy = shown("time_travel", decision=found.result_rows[0][0], part="Logins")
    assert set(copy.session_state["offers"]) & {"inputs-deliveries", "inputs-logins"} == {"inputs-logins"}
