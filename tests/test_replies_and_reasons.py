"""What a reply is about for a pool and why a mail was refused: two tables, which differ only where it is named here.

A kind decides about an IP, and never counts against it in doubt; a reason tells a sender what to do, as precisely as
the words allow, and knows the command that was answered.
"""

from collections.abc import Iterator
from pathlib import Path

from collectors import bounces
from schemas.reasons import NAMES, classify
from schemas.reasons.rows import rows as reason_rows
from streams.replies.rows import rows as kind_rows
from streams.replies.table import SIGNS, built_in

GOLDEN = Path(__file__).parent / "golden"
FILES = ("replies/servers.txt", "replies/attacks.txt", "reasons/servers.txt", "reasons/senders.txt")
ALIKE = {
    "listed": {"blocked_ip"},
    "reputation": {"poor_reputation", "blocked_ip"},
    "volume": {"rate", "poor_reputation"},
    "setup": {"reverse_dns", "tls"},
    "greylisted": {"greylisted"},
    "content": {"spam_content", "virus", "auth_failed", "blocked_sender", "policy", "bad_format", "too_large"},
    "recipient": {
        *("user_unknown", "host_unknown", "moved", "no_mail"),
        *("mailbox_full", "mailbox_disabled", "recipient_refused"),
    },
    "other": {
        *("network", "system", "protocol", "relay_denied", "not_authorized", "local_delivery", "expired", "policy"),
        *("host_unknown", "unknown"),  # nobody answered; trouble of theirs in words that say no more
    },
}
INTENDED = {
    ("content", "poor_reputation"): "the name of a domain, not of the IP",
    ("content", "rate"): "a domain's rate, not the IP's",
    ("content", "not_authorized"): "a sender who must log in",
    ("recipient", "blocked_sender"): "the code is of an address: the command that was answered tells of the sender's",
    ("recipient", "rate"): "a recipient who gets too much: no sign against the IP",
    ("other", "rate"): "a limit of a session, of an account or of all: no sign against the IP",
}
BY_ROW = {
    ("laposte_refused", "blocked_ip"): "510: who reads the code calls it a block; nothing tells that it is the IP's",
    ("united_internet_policy", "blocked_ip"): "said to the connection; behind DATA the same words are of the mail",
    ("hotmail_ou", "reverse_dns"): "of two codes one is a block, the other a dynamic address",
    ("spam_content", "network"): "the text of a mail system, with the word in an address",
    ("spam_content", "greylisted"): "a delay only with a 4xx: against the IP neither",
    ("unknown_user", "greylisted"): "likewise; the mailbox is only told beside it",
    ("no_such_user", "greylisted"): "a verification that goes on, with a 5xx",
    ("no_such_user", "system"): "the status is of an address, the words tell that it passes",
    ("unknown_user", "system"): "likewise: a mailbox that is being moved",
    ("server_trouble", "recipient_refused"): "5.5.1 is of their server; the words are of a recipient",
    ("no_such_user", "unknown"): "the status is of an address, the words are of our host",
    ("recipient_codes", "spam_content"): "5.2.0, with which a filter answers",
    ("try_again_later", "system"): "4.3.2 tells of their system; the words are those of greylisting",
    ("microsoft_ip_blacklisted_by_recipient", "blocked_ip"): "a list of one recipient's: for the pool no list",
    ("united_internet_violations", "policy"): "the words name no reason; the provider's page says that it is the IP",
    ("google_unsolicited_ip", "rate"): "an unusual rate of what was unsolicited: the IP's name",
    ("yahoo_too_quickly", "greylisted"): "GL01: a first delay, which Yahoo gives for volume",
    ("unknown_user", "local_delivery"): "a program's words, of a user of the machine",
    ("unknown_user", "not_authorized"): "both are told, and 5.7.1 is nearer to the sender",
    ("unknown_user", "policy"): "Mailbox unavailable or access denied: which of the two is not told",
    ("recipient_on_a_list", "policy"): "denied by policy: for the sender that is all it tells",
    ("recipient_on_a_list", "unknown"): "blocked by an administrator, of whom nothing is told",
    ("blocked_using", "unknown"): "a list that nobody knows, by its name alone",
    ("google_recipient_rate", "rate"): "a recipient who gets too much",
}


def _texts() -> Iterator[str]:
    for file in FILES:
        yield from (line for line in (GOLDEN / file).read_text("utf-8").splitlines() if line and line[:2] != "# ")
    yield from (row.sample for row in reason_rows())
    yield from (row.sample for row in kind_rows())


def _apart(texts: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    """Yield the row, the reason and the text of each reply of which the tables say different things unintendedly."""
    for text in texts:
        found, reason = built_in().find("", text), classify(text).name
        intended = (found.kind, reason) in INTENDED or (found.pattern, reason) in BY_ROW
        if found.kind != "unknown" and reason not in ALIKE[found.kind] and not intended:
            yield found.pattern, reason, text


def test_the_tables_say_alike_of_every_text_that_is_known() -> None:
    assert list(_apart(_texts())) == []


def test_the_tables_say_alike_of_the_corpus(corpus: Path) -> None:
    read = bounces.load("bounce")
    mails = sorted((corpus / "bounces" / "sisimai").glob("*.eml"))
    told = [event for path in mails for event in read(path.read_bytes()) if event.action in {"failed", "delayed"}]
    assert len(told) > 300
    assert list(_apart(event.reply for event in told)) == []


def test_what_is_intended_is_there_and_counts_against_no_ip_more_than_the_reason_does() -> None:
    """A difference that no text has any more is to be taken out."""
    seen = set()
    for text in _texts():
        found, reason = built_in().find("", text), classify(text).name
        seen |= {(found.kind, reason), (found.pattern, reason)}
    corpus_only = {("spam_content", "network"), ("unknown_user", "local_delivery"), ("unknown_user", "not_authorized")}
    assert (INTENDED.keys() | BY_ROW.keys()) - seen == corpus_only
    assert {kind for kind, _ in INTENDED} & SIGNS == set()
    assert {reason for _, reason in (*INTENDED, *BY_ROW)} <= set(NAMES)
