"""Why mails are refused: each row knows its own words, no 4xx is for ever, and the MTA alone tells the command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.reasons import FOR_EVER, NAMES, Reason, classify
from schemas.reasons.row import Row
from schemas.reasons.rows import rows
from schemas.reasons.said import Said, phrased
from schemas.reasons.table import find

_SAID = "host mx.example.com[192.0.2.1] said:"
_EXIM = "SMTP error from remote mail server after end of data: host mx.example.com [192.0.2.1]:"
_UNKNOWN = "550 <user@example.com>: User unknown"
_NO_HOST = "Host or domain name not found. Name service error for name=x.example type=A: Host not found"
_GONE = ("5.0.0", "", "user_unknown", True)
_FILTERED = ("", "", "recipient_refused", False)


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.reason}-{row.phrases[0]}") for row in rows()])
def test_each_row_knows_its_sample_and_each_phrase_alone_gives_its_reason(row: Row) -> None:
    assert classify(row.sample).name == row.reason
    code, after = [*row.codes, ""][0], [*row.after, ""][0]
    alone = {phrase: find(Said(code, code, after, phrased(phrase.replace(" * ", " of ")))) for phrase in row.phrases}
    assert {phrase for phrase, found in alone.items() if found is None or found.reason != row.reason} == set()


@pytest.mark.parametrize(
    ("reply", "status", "command", "reason", "permanent"),
    [
        # The text says more than a generic code, a specific code more than nothing.
        ("550 5.7.1 Mailbox full", "", "", "mailbox_full", False),
        ("550 5.1.1 http://support.example.com/6596 ad1 - gsmtp", "", "", "user_unknown", True),
        ("nothing that a row knows", "5.2.2", "", "mailbox_full", False),
        ("Service unavailable", "5.2.2", "", "mailbox_full", False),
        ("Service unavailable", "5.0.0", "", "system", False),
        ("nothing that a row knows", "5.7.1", "", "unknown", False),
        ("", "", "", "unknown", False),
        # Said of the recipient, the address is gone; said of a message that was taken, a filter spoke; else unproven.
        (f"{_SAID} {_UNKNOWN} (in reply to RCPT TO command)", "5.0.0", "", "user_unknown", True),
        (f"{_SAID} {_UNKNOWN} (in reply to end of DATA command)", "", "", "recipient_refused", False),
        (_UNKNOWN, "5.0.0", "", "user_unknown", False),
        (_UNKNOWN, "", "rcpt", "user_unknown", True),
        ("Sorry, no mailbox here by that name. (#5.1.1)", "", "", "user_unknown", True),
        # Yahoo says so of a mail that it has taken; au (KDDI) names the address only where no mailbox is.
        (f"{_SAID} 554 delivery error: dd This user doesn't have a yahoo.com account (a@example.com) [0]", *_GONE),
        ("550 <user@ezweb.ne.jp>: User unknown", *_GONE),
        ("550 : User unknown", "", "", "user_unknown", False),
        # A code alone is no proof, nor what the MTA makes of it beside a 5.7.x; to a connection nobody is gone.
        ("553 sorry", "5.0.0", "rcpt", "user_unknown", False),
        ("551 5.7.1 no", "5.1.1", "rcpt", "unknown", False),
        ("553 5.1.1 no", "", "rcpt", "user_unknown", True),
        ("530 5.7.0 no", "", "mail", "not_authorized", False),
        ("521 5.3.2 Host does not accept mail", "", "rcpt", "no_mail", True),
        ("521 5.3.2 Host does not accept mail", "", "connect", "no_mail", False),
        ("550 5.1.2 Domain not found", "", "connect", "host_unknown", False),
        ("550 5.1.2 Domain not found", "", "mail", "blocked_sender", False),
        # A 450 with the words of an unknown user, and a soft_bounce of one's own.
        ("450 4.1.1 <user@example.org>: Recipient address rejected: User unknown", "", "rcpt", "user_unknown", False),
        (f"{_SAID} 550 5.1.1 User unknown (in reply to RCPT TO command)", "4.1.1", "", "user_unknown", False),
        (_NO_HOST, "5.4.4", "", "host_unknown", True),
        (f"{_NO_HOST}, try again", "4.4.3", "", "network", False),
        # Attack: a stranger's text claims a command, or that it answers another; the MTA's own words alone tell.
        (f"{_SAID} {_UNKNOWN} (in reply to RCPT TO command) (in reply to end of DATA command)", *_FILTERED),
        ("550 User unknown after RCPT TO: host mx", "", "", "user_unknown", False),
        (f"{_EXIM} 550 User unknown (in reply to RCPT TO command)", *_FILTERED),
        ("host rcpt.example.com[192.0.2.1] said: 550 User unknown", "", "", "user_unknown", False),
    ],
)
def test_reason_of_a_reply(reply: str, status: str, command: str, reason: str, *, permanent: bool) -> None:
    assert classify(reply, status, 0, command) == Reason(reason, permanent)


_texts = st.one_of(
    st.text(max_size=200),
    st.sampled_from([row.sample for row in rows()]),
    st.builds(" ".join, st.lists(st.sampled_from([one for row in rows() for one in row.phrases]), max_size=4)),
)
_status = st.builds("{}.{}.{}".format, st.integers(4, 5), st.integers(0, 7), st.integers(0, 700))
_commands = st.sampled_from(["", "connect", "mail", "rcpt", "data"])


@given(_texts, _status | st.just(""), st.sampled_from([0, 421, 450, 550, 554]), _commands)
def test_whatever_is_said_has_a_class_and_only_some_are_for_ever(
    text: str, status: str, code: int, command: str
) -> None:
    reason = classify(text, status, code, command)
    assert reason.name in NAMES
    assert not reason.permanent or reason.name in FOR_EVER
    assert not reason.permanent or not (status.startswith("4") or 400 <= code < 500)
    assert not reason.permanent or command != "connect"


@given(
    _texts, st.sampled_from(["421", "450", "451 4.1.1", "452-4.2.2", "host mx[192.0.2.1] said: 450 5.1.1"]), _commands
)
def test_a_temporary_reply_is_never_permanent(text: str, begin: str, command: str) -> None:
    assert classify(f"{begin} {text}", "5.1.1", 550, command).permanent is False


def test_each_class_has_a_way_to_it() -> None:
    found = {row.reason for row in rows()} | {"unknown"}
    assert sorted(found) == sorted(NAMES)
