"""A real slapd as a directory: entries come page by page, each address a row, and what ends it early is told."""

import gc

import pytest
from ldap3 import Connection, Server

from schemas.settings import parse
from streams.directory import Account, DirectoryError, Problem
from streams.directory.found import Directory
from streams.directory.kept import load
from tests.real.test_ldap_suspension import PASSWORD, ROOT, _slapd

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore:ssl.match_hostname:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <s:pytest.PytestUnraisableExceptionWarning"),
]
_TABLE = """[directory]
kind = "ldap"
url = "{url}"
bind_dn = "{root}"
base = "ou=people,dc=example,dc=net"
filter = "(mail=*)"
page_size = 100
columns = {{ address = "mail", customer = "o", contact = "{contact}", language = "preferredLanguage", name = "cn" }}
"""


def _filled(url: str, people: int) -> None:
    with Connection(Server(url), ROOT, PASSWORD, check_names=False, raise_exceptions=True) as root:
        for number in range(people):
            mails = [f"user{number}@example.net", f"alias{number}@example.net"]
            fields = {"sn": "x", "cn": f"Customer {number // 10}", "mail": mails, "o": f"K{number // 10}"}
            more = {"preferredLanguage": "it-CH", "description": "boss@example.org"}
            root.add(f"uid=user{number},ou=people,dc=example,dc=net", "inetOrgPerson", fields | more)


def _loaded(url: str, contact: str = "description") -> tuple[Directory, list[Problem]]:
    problems: list[Problem] = []
    text = _TABLE.format(url=url, root=ROOT, contact=contact)
    return load(parse(text, "relaywarden.toml"), problems.append), problems


def test_entries_come_page_by_page_and_the_other_addresses_are_aliases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAYWARDEN_LDAP_PASSWORD", PASSWORD)
    with _slapd() as url:
        _filled(url, 350)
        directory, problems = _loaded(url)
        assert problems == []
        assert len(directory) == 700
        expected = Account(customer="K34", name="Customer 34", contact="boss@example.org", language="it")
        assert directory.of("alias349@example.net") == expected
        assert directory.mailbox("alias349@example.net") == "user349@example.net"
        assert sum(1 for _ in directory.mailboxes()) == 350
        monkeypatch.setenv("RELAYWARDEN_LDAP_PASSWORD", "wrong")
        with pytest.raises(DirectoryError, match="invalidCredentials") as failed:
            _loaded(url)
        assert "wrong" not in str(failed.value)
        monkeypatch.delenv("RELAYWARDEN_LDAP_PASSWORD")
        with pytest.raises(DirectoryError, match=r"directory\.password_env: the environment has no"):
            _loaded(url)
    monkeypatch.setenv("RELAYWARDEN_LDAP_PASSWORD", PASSWORD)
    with pytest.raises(DirectoryError, match=r"ldap://127\.0\.0\.1"):
        _loaded(url)
    gc.collect()  # the socket that ldap3 leaves behind, while its warning is expected


def test_addresses_as_exchange_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """`SMTP:` is the mailbox wherever it stands, `smtp:` its aliases; what is of another type is counted and told."""
    monkeypatch.setenv("RELAYWARDEN_LDAP_PASSWORD", PASSWORD)
    entries = (
        ["smtp:a@one.example", "SMTP:anna@one.example"],
        ["X500:/o=Org/cn=bob", "sip:bob@two.example", "SMTP:bob@two.example", "smtp:b@two.example", "x500:/o=Old"],
        ["carl@three.example", "c@three.example"],
        ["SMTP:dora@four.example", "mailto:d@four.example", "smtp:"],
    )
    with _slapd() as url:
        with Connection(Server(url), ROOT, PASSWORD, check_names=False, raise_exceptions=True) as root:
            for number, mails in enumerate(entries):
                fields = {"sn": "x", "cn": "x", "mail": mails, "o": "K"}
                root.add(f"uid=user{number},ou=people,dc=example,dc=net", "inetOrgPerson", fields)
        directory, problems = _loaded(url)
    names = {mailbox: directory.aliases(mailbox) for mailbox in sorted(directory.mailboxes())}
    assert names == {
        "anna@one.example": ("a@one.example",),
        "bob@two.example": ("b@two.example",),
        "carl@three.example": ("c@three.example",),
        "dora@four.example": (),
    }
    assert [(each.text.partition(", such as")[0], each.left_out) for each in problems] == [
        ("'mailto:d@four.example' is no address", True),
        ("the row has no address", True),
        ("3 addresses of other types are passed over: SIP, X500", False),
    ]
    gc.collect()
