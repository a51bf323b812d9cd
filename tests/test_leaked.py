"""Lists of stolen identities: what is taken of each kind, and what is not."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.leaked import Identity, identities, when

ADOBE = when("2013-10-04")
DUBSMASH = when("2018-12-01")
# The shape of a domain search's JSON; the breaches are the API's own model, with the fields that are not read.
SEARCH = {
    "BreachSearchResults": [
        {
            "Alias": "Anna",
            "DomainName": "example.net",
            "Breaches": [
                {
                    "Name": "Adobe",
                    "Title": "Adobe",
                    "Domain": "adobe.com",
                    "BreachDate": "2013-10-04",
                    "AddedDate": "2013-12-04T00:00:00Z",
                    "PwnCount": 152445165,
                    "DataClasses": ["Email addresses", "Password hints", "Passwords", "Usernames"],
                    "IsVerified": True,
                },
                {"Name": "Dubsmash", "BreachDate": "2018-12-01", "DataClasses": ["Email addresses"]},
            ],
        }
    ],
    "PasteSearchResults": [
        {
            "Alias": "boss",
            "DomainName": "example.net",
            "Pastes": [{"Id": "8Q0BvKD8", "Source": "Pastebin", "Title": "syslog", "Date": "2014-03-04T19:14:54Z"}],
        }
    ],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anna@example.net\n\nBoss@Example.net\r\n", [Identity("anna@example.net"), Identity("boss@example.net")]),
        ("\ufeffanna@example.net", [Identity("anna@example.net")]),
        # a combination list: what follows the address is a password, whatever it holds
        ("anna@example.net:hunter2\nboss@example.net:\n",
         [Identity("anna@example.net", passwords=True), Identity("boss@example.net")]),
        ("anna@example.net;a,b:c\n", [Identity("anna@example.net", passwords=True)]),
        ("4711,anna@example.net\n", [Identity("anna@example.net")]),
        ("id;E-Mail;Password\n1;anna@example.net;hunter2\n2;boss@example.net;\n",
         [Identity("anna@example.net", passwords=True), Identity("boss@example.net")]),
        ("Email,Breaches,Breach Date\nanna@example.net,Adobe; Dubsmash,2013-10-04\n",
         [Identity("anna@example.net", "Adobe", ADOBE), Identity("anna@example.net", "Dubsmash", ADOBE)]),
        # a name beside the address is no address, and an address in a column of names counts where the other has none
        ("id,username,email,password\n1,alice,anna@example.net,pw\n2,boss@example.net,,\n",
         [Identity("anna@example.net", passwords=True), Identity("boss@example.net")]),
        ('email\tsource\tdate\n"anna@example.net"\t"Shop\tof tabs"\tyesterday\n',
         [Identity("anna@example.net", "Shopof tabs")]),
        ('"Email","Breach name"\n"anna@example.net","Adobe"\n', [Identity("anna@example.net", "Adobe")]),
        # a quote that never ends spoils one line
        ('email,source\n"boss@example.net,Adobe\nanna@example.net,Adobe\n',
         [None, Identity("anna@example.net", "Adobe")]),
        ("hello\nanna@example.net\nanna@@example.net\nanna@localhost\n",
         [None, Identity("anna@example.net"), None, None]),
        ("", []),
        (json.dumps(SEARCH),
         [Identity("anna@example.net", "Adobe", ADOBE, passwords=True),
          Identity("anna@example.net", "Dubsmash", DUBSMASH),
          Identity("boss@example.net", "Pastebin", when("2014-03-04T19:14:54Z"))]),
        (json.dumps({"entries": [{"email": "anna@example.net", "password": "x", "database_name": "Adobe"}]}),
         [Identity("anna@example.net", "Adobe", passwords=True)]),
        (json.dumps([{"email": "anna@example.net", "breaches": ["Adobe", "Dubsmash"]}, {"phone": "1"}]),
         [Identity("anna@example.net", "Adobe"), Identity("anna@example.net", "Dubsmash"), None]),
    ],
)  # fmt: skip
def test_what_is_taken(text: str, expected: list[Identity | None]) -> None:
    assert list(identities(io.BytesIO(text.encode()))) == expected


A, B = Identity("a@x.net"), Identity("b@x.net")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"email": ["a@x.net", "b@x.net", "a@x.net"], "password": "x"}, {"email": []}]',
         [Identity("a@x.net", passwords=True), Identity("b@x.net", passwords=True), None]),
        ('{"entries": [{"email": ["a@x.net", "b@x.net"]}]}', [A, B]),
        ('{"email": ["a@x.net", "b@x.net"]}\n{"email": "b@x.net", "breach": "Adobe"}\n',
         [A, B, Identity("b@x.net", "Adobe")]),
        ('\ufeff\n{"email": "a@x.net"}\r\n\r\n{"email": "b@x.net"}', [A, B]),
        ('{"email": "a@x.net"}\n{broken\n7\n{"phone": 1}\n{"email": "b@x.net"}\n', [A, None, None, None, B]),
        ('{"email": "a@x.net"}\n', [A]),
        ('{"email":\n"a@x.net"}\n', [A]),
    ],
)  # fmt: skip
def test_entries_of_json_may_name_several_and_stand_on_lines_of_their_own(
    text: str, expected: list[Identity | None]
) -> None:
    assert list(identities(io.BytesIO(text.encode()))) == expected


class _Narrow(io.BytesIO):
    """A file of which nobody may ask for more than a little over 1 MiB at once."""

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert 0 < size <= 2**20 + 1
        return super().readline(size)


@pytest.mark.parametrize("first", ["a@x.net", '{"email": "a@x.net"}'])
@pytest.mark.parametrize("tail", [0, 1, 2**20, 3 * 2**20])
def test_a_line_beyond_1_mib_is_skipped_and_counted(first: str, tail: int) -> None:
    last = first.replace("a@", "b@")
    content = f"{first}\n{last}{' ' * 2**20}{'x' * tail}\n{last}\n".encode()
    assert list(identities(_Narrow(content))) == [A, None, B]


def test_a_first_line_beyond_1_mib_is_skipped_and_decides_nothing() -> None:
    content = f"{'x' * 2**21}:hunter2\nemail;id\na@x.net;1\n".encode()
    assert list(identities(_Narrow(content))) == [None, A]


def test_one_line_of_json_may_be_long() -> None:
    rows = [{"email": f"m{number}@x.net"} for number in range(60_000)]
    found = list(identities(_Narrow(json.dumps(rows).encode())))
    assert (len(found), found[-1]) == (60_000, Identity("m59999@x.net"))


def test_the_names_of_one_domain_need_that_domain() -> None:
    text = json.dumps({"anna": ["Adobe"], "boss": ["Adobe", "Dubsmash"]}).encode()
    found = list(identities(io.BytesIO(text), "example.net"))
    assert [(one.mailbox, one.source) for one in found if one] == [
        ("anna@example.net", "Adobe"),
        ("boss@example.net", "Adobe"),
        ("boss@example.net", "Dubsmash"),
    ]
    with pytest.raises(ValueError, match="say which with --domain"):
        list(identities(io.BytesIO(text)))


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1]", "[" * 100_000])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        list(identities(io.BytesIO(text.encode())))


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    try:
        found = [one for one in identities(io.BytesIO(content), "example.net") if one]
    except ValueError:
        return
    assert all(one.mailbox.count("@") == 1 and one.mailbox == one.mailbox.lower() for one in found)


@pytest.mark.parametrize("text", ["yesterday", "", "2024-13-01"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no date"):
        when(text)
