"""Each page as Streamlit runs it: on the scene, and on empty tables."""

import dataclasses
import json
import re
from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import Hall, Open, spoken
from tests.pages.scene import CASE, IPS, KEPT, PROBATION, RUDE, RUDE_REPLY, THIEF, WITHDRAWN


def shown(page: str, **query: str) -> AppTest:
    return _run(f"from dashboards.views import {page}\n{page}.page()", query)


def _run(script: str, query: dict[str, str]) -> AppTest:
    test = AppTest.from_string(script, default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, [error.value for error in test.exception]
    return test


def walked(page: str, *others: str, **query: str) -> AppTest:
    """Show a page from which there are ways to others."""
    names = dict.fromkeys((page, *others, "time_travel"))
    script = f"""import streamlit as st
from dashboards.views import {", ".join(names)}
pages = {{name: st.Page(globals()[name].page, url_path=name) for name in {list(names)}}}
st.session_state["pages"] = pages
st.navigation(list(pages.values())).run()
"""
    return _run(script, query)


def texts(test: AppTest) -> str:
    kinds = (test.text, test.caption, test.markdown, test.warning, test.success, test.error, test.info, test.code)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def unfolded(test: AppTest, *names: str) -> AppTest:
    """Open tables that are drawn once somebody does."""
    for name in names:
        test.session_state[f"{name}.fold"] = True
    return test.run()


def cells(test: AppTest) -> set[str]:
    return {str(value) for table in test.dataframe for value in table.value.to_numpy().ravel()}


def test_overview_of_the_scene(hall: Hall, opened: Open) -> None:
    opened(hall)
    spoken(hall)
    test = shown("overview", range="24h")
    assert "5 of 6 IPs send, 1 of them on probation, 1 of them should leave but must stay, 1 withdrawn" in texts(test)
    counts = {m.label: m.value for m in test.metric if "in 1 h" not in m.label}
    assert counts == {
        "of 6 IPs send": "5",
        "IPs withdrawn": "1",
        "open delistings": "0",
        "mailboxes flagged": "2",
        "open cases": "1",
        "dead letters": "3",
    }
    urgent = next(table.value for table in test.dataframe if "urgency" in table.value)
    assert list(urgent["urgency"]) == ["▲ case", "▲ mailbox", "▲ mailbox"]
    assert "4 mailboxes of customer.example are under attack" in list(urgent["what"])
    assert f"{THIEF} looks compromised: suspension, score 148" in list(urgent["what"])
    assert "? Not known: alerts (none are configured)" in texts(test), "what nobody tells is not calm"
    assert {THIEF, "■ suspend", "google"} <= cells(test)
    assert any(cell.startswith(f"■ {WITHDRAWN} withdrawn until") for cell in cells(test))
    assert "imap1: nothing for over 1 h" in texts(test)


def strip(test: AppTest) -> list[str]:
    """Return the badges that begin with a shape and name an IP or a number of them, as a reader sees them."""
    found = [each for one in test.markdown for each in re.findall(r":(\w+)-badge\[(. [0-9][^]]*)\]", str(one.value))]
    return [f"{colour} {text}".replace("\\", "") for colour, text in found]


def test_overview_shows_each_ip_with_its_state(hall: Hall, empty_hall: Hall, opened: Open, tmp_path: Path) -> None:
    opened(hall)
    spoken(hall)
    assert strip(shown("overview")) == [
        *(f"green ● {ip} active" for ip in IPS[:2]),
        f"red ■ {WITHDRAWN} withdrawn",
        f"orange ◆ {PROBATION} probation 10%",
        f"orange ▲ {KEPT} kept, should leave",
        f"green ● {IPS[5]} active",
    ]
    many = ", ".join(f'"x{number}" = "198.51.100.{number}"' for number in range(1, 25))
    config = tmp_path / "many.toml"
    config.write_text(hall.config.read_text().replace('out11 = "', f'{many}, out11 = "'))
    opened(dataclasses.replace(hall, config=config))
    test = shown("overview")
    assert strip(test) == [
        f"red ■ {WITHDRAWN} withdrawn",
        f"orange ◆ {PROBATION} probation 10%",
        f"orange ▲ {KEPT} kept, should leave",
        "green ● 27 active",
    ]
    assert {m.label: m.value for m in test.metric}["of 30 IPs send"] == "29"
    opened(empty_hall)
    assert strip(shown("overview")) == [f"gray ? {ip} unknown" for ip in IPS], "without a worker nothing is known"


def test_pool_of_the_scene(hall: Hall, opened: Open) -> None:
    opened(hall)
    spoken(hall)
    test = shown("pool")
    assert {"■ withdrawn", "◆ probation", "▲ kept, should leave", "● active"} <= cells(test)
    assert {"2 (1 unattributed)", "0"} <= cells(test)
    lists, traffic = shown("pool", part="Lists"), shown("pool", part="Traffic")
    assert {"■ listed 127.0.0.3", "○ not listed", "? unknown", "· not asked"} <= cells(unfolded(lists, "matrix"))
    assert {"feedback0@gmx.example", f"<1.{RUDE}>"} <= cells(unfolded(traffic, "unattributed"))
    assert "Dashed: withdrawn. Grey: no log was heard. UTC." in texts(traffic)
    standing = ["green ● 3 active", "orange ▲ 1 kept, should leave", "orange ◆ 1 probation", "red ■ 1 withdrawn"]
    assert [sorted(strip(each)) for each in (test, lists, traffic)] == [standing] * 3, "each part says how they stand"
    thief = f"{THIEF}: 112 messages in 1 h (80% of all), 30 unknown users, 4 refused, 1 complaint, 41 networks"
    before = f"· Sent through it before: ■ suspend {thief}; user7@customer.example: 9 messages"
    assert before in texts(test)
    assert f"■ {WITHDRAWN} withdrawn until" in texts(test)
    assert f"▲ {KEPT} should leave but stays" in texts(test)
    one = shown("pool", ip=KEPT)
    assert f"▲ {KEPT} should leave but stays" in texts(one)
    assert f"■ {WITHDRAWN} withdrawn until" not in texts(one)


def test_own_side_of_the_scene(hall: Hall, opened: Open) -> None:
    opened(hall)
    pool = unfolded(shown("pool", part="Lists"), "matrix")
    told = next(table.value for table in pool.dataframe if "helo_is_ptr" in table.value)
    assert list(told["ip"]) == list(IPS[:3])
    assert list(told["forward"]) == ["● pass", "▲ fail", "? unknown"], "the newer of two looks counts"
    assert list(told["wrong"]) == ["", f"forward: {RUDE_REPLY} forward", f"forward: {RUDE_REPLY} forward"]
    listed = next(table.value for table in pool.dataframe if "domain" in table.value)
    assert list(listed["domain"]) == ["shop.example"]
    assert list(listed["answer"]) == ["■ listed"]
    assert "1 list asked about 2 domains" in texts(pool)
    drawn = next(table for table in pool.dataframe if "spamhaus_zen" in table.value)
    matrix, heads = drawn.value, json.loads(drawn.proto.columns)
    assert "spamhaus_dbl" not in matrix, "a list of domains is no column of the IPs"
    assert [heads[name]["label"] for name in ("spamcop", "uceprotect_1")] == ["◐ spamcop", "▲ uceprotect_1"]
    assert heads["spamcop"]["help"].replace("\\", "").endswith("ago: no vote over IPv6: no answer: REFUSED")
    brief = (
        "▲ Own side: 1 of 3 IPs do not present themselves as they should, 1 of our domains on lists (page Pool, Lists)."
    )
    assert brief in texts(shown("overview"))


def test_mailboxes_of_the_scene(hall: Hall, opened: Open) -> None:
    opened(hall)
    test = shown("mailboxes")
    assert {THIEF, RUDE, "club@verein.example"} <= cells(test)
    assert "Pick a mailbox" in texts(test)
    assert {
        "■ open",
        "● closed",
        "customer.example",
        f"{THIEF}, {RUDE}, boss@customer.example, shop@customer.example",
    } <= (cells(test))
    case = texts(shown("mailboxes", case=CASE))
    assert "■ another mailbox of customer.example, 4 now" in case
    assert "■ 3 mailboxes of customer.example are under attack" in case
    assert "· 3 mailboxes of customer.example were flagged within 20 min" in case
    assert "There is no such case." in texts(shown("mailboxes", case="nonesuch"))
    one = shown("mailboxes", mailbox=THIEF, range="24h")
    assert "· 41 networks in 10 min, usually 2 (+60 points)" in texts(one)
    assert "■ Mailbox should be suspended, score 155" in texts(one)
    assert "42 networks, 156 logins, 17 failed. UTC." in texts(one)
    assert "feedback@yahoo.example" in cells(shown("mailboxes", mailbox=THIEF, part="Complaints"))
    found = shown("mailboxes", search="anna@")
    assert THIEF in cells(found)
    assert RUDE not in cells(found)


def test_a_strangers_text_is_never_markdown(hall: Hall, opened: Open) -> None:
    opened(hall)
    for page, query in (("overview", {}), ("pool", {}), ("mailboxes", {"mailbox": RUDE, "case": CASE})):
        test = shown(page, **query)
        spoken = [*test.markdown, *test.caption, *test.subheader, *test.header, *test.warning, *test.metric]
        assert not [element for element in spoken if "<img" in str(element) or "**bold**" in str(element)]
        assert any("<img src=x" in text for text in (texts(test), *cells(test))) or page == "pool"


def test_no_data_is_said_and_is_not_zero(empty_hall: Hall, opened: Open) -> None:
    opened(empty_hall)
    overview = shown("overview")
    assert [m.value for m in overview.metric] == ["no data"] * 6
    assert not overview.button
    assert "Not known: no data of the worker about its 6 IPs." in texts(overview)
    assert "worker: no data" in texts(overview)
    assert "No data: no delivery was logged in this time." in texts(overview)
    assert "No data: no worker told anything yet." in texts(overview)
    pool, lists, traffic = (shown("pool", part=part) for part in ("", "Lists", "Traffic"))
    assert "No data: no list was asked within two days." in texts(lists)
    assert list(pool.dataframe[0].value["complaints"]) == ["no data"] * 6, "no complaint ever came: none is no zero"
    assert list(pool.dataframe[0].value["state"]) == ["? unknown"] * 6, "without a worker none is known to be active"
    assert "No data: no complaint came." in texts(traffic)
    assert "No data: no delivery through a known IP was logged in this time." in texts(traffic)
    assert "No data: no IP was looked at within fourteen days." in texts(lists)
    assert "No data: no list of domains was asked within fourteen days." in texts(lists)
    mailboxes = shown("mailboxes", mailbox="nobody@example.net")
    assert "No data: no such mailbox was seen." in texts(mailboxes)
    assert "No data: no worker told anything yet." in texts(mailboxes)
    assert "Nothing was ever decided about this mailbox." in texts(mailboxes)
