"""Directories: what a row says, what contradicts another, and each kind of source, with what ends it early."""

import gzip
import http.server
import json
import lzma
import re
import sqlite3
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded.clickhouse import ClickHouseServer
from schemas.directory_settings import CsvDirectory
from schemas.settings import Settings, SettingsError, parse
from streams.directory import Account, DirectoryError, Problem, kinds, staleness
from streams.directory.found import Directory
from streams.directory.kept import Kept, load
from streams.directory.reading import entry, read
from tests.command.shell import ROOT, refusal, run
from tests.migrated import migrate

HEADER = "address,mailbox,customer,name,contact,language,tariff,flags\n"
ANNA = "Anna@Example.NET,,K1,Anna AG,boss@example.org,de-CH,pro,vip newsletter\n"
ALIAS = "info@example.net,anna@example.net,K1,,,,,\n"
DOMAIN = "example.com,,K2,Béa SA,bea@example.com,fr,,\n"
CSV = HEADER + ANNA + ALIAS + DOMAIN
K1 = Account(
    customer="K1", name="Anna AG", contact="boss@example.org", language="de", tariff="pro", flags=("newsletter", "vip")
)


def of_csv(tmp_path: Path, text: str, more: str = "") -> tuple[Directory, list[Problem]]:
    path = tmp_path / "customers.csv"
    path.write_text(text, encoding="utf-8")
    return loaded(f'[directory]\nkind = "csv"\npath = "{path}"\n{more}')


def loaded(text: str) -> tuple[Directory, list[Problem]]:
    problems: list[Problem] = []
    return load(parse(text, "relaywarden.toml"), problems.append), problems


def texts(problems: list[Problem], folder: Path) -> list[str]:
    return [f"{each.place}: {each.text}".replace(f"{folder}/", "") for each in problems]


def test_a_mailbox_is_found_by_its_address_as_an_alias_and_by_its_domain(tmp_path: Path) -> None:
    directory, problems = of_csv(tmp_path, CSV)
    assert problems == []
    assert directory.of("ANNA@example.net ") == K1
    assert directory.of("info@example.net") == K1
    assert directory.mailbox("info@example.net") == "anna@example.net"
    assert directory.aliases("anna@example.net") == ("info@example.net",)
    found = directory.of("whoever@example.com")
    assert found is not None
    assert (found.customer, found.name, found.language) == ("K2", "Béa SA", "fr")
    assert directory.of("x@sub.example.com") is None
    assert directory.of("nobody@example.org") is None
    assert list(directory.mailboxes()) == ["anna@example.net"]
    assert len(directory) == 3


@pytest.mark.parametrize(
    ("row", "problem", "left_out"),
    [
        (",,K1,,,,,", "the row has no address", True),
        ("a@example.net,,,,,,,", "a@example.net has no customer", True),
        ("a b@example.net,,K1,,,,,", "'a b@example.net' is no address", True),
        ("a@,,K1,,,,,", "'a@' is no address", True),
        ("a@ex_ämple..net,,K1,,,,,", "'ex_ämple..net' is no domain", True),
        ("a@example.net,@example.net,K1,,,,,", "mailbox '@example.net' of the alias a@example.net is a domain", True),
        ("a@example.net,,K1,,no address,,,", "contact 'no address' is no mail address: nobody is written to", False),
        ("a@example.net,,K1,,,klingon,,", "language 'klingon' is none of de, fr, it, en: the usual", False),
        ("anna@example.net,,K1,,,,,", "anna@example.net stands there twice", False),
        ("anna@example.net,,K9,,,,,", "anna@example.net is of the customer K9 here, of K1 before: that counts", False),
        ("b@example.net,,K1,,x@example.org,,,", "the contact of K1 is 'x@example.org' here, 'boss@exam", False),
        ("info@example.net,b@example.net,K1,,,,,", "is an alias of b@example.net here, an alias of anna", False),
        ("b@example.net,gone@example.net,K1,,,,,", "is an alias of gone@example.net, which is not there", False),
        ("*@example.net,,K1,,,,,", "'*@example.net' is no address, such as anna@example.net, and no domain", True),
        ("mailto:b@example.net,,K1,,,,,", "'mailto:b@example.net' is no address", True),
        ("Bob <b@example.net>,,K1,,,,,", "'Bob <b@example.net>' is no address", True),
        ("b@example.net;c@example.net,,K1,,,,,", "'b@example.net;c@example.net' is no address", True),
        (
            "b@example.net,,K4,B\ufffda SA,,,,",
            "name 'B\ufffda SA' holds U+FFFD: some letter of it was lost before",
            False,
        ),
        ("b@example.net,,K1", "the row has 3 cells, the header 8", True),
        ("b@example.net,,K1,Meier, Max,,,,", "the row has 9 cells, the header 8", True),
        (f"{'x' * 2000}@example.net,,K1,,,,,", "address has 2012 signs; at most 1000 are read", True),
        ('"a@example.net\x07",,K1,,,,,', "holds a sign that is no text", True),
    ],
)
def test_what_is_wrong_with_a_row_is_told_with_its_line_and_the_rest_goes_on(
    tmp_path: Path, row: str, problem: str, *, left_out: bool
) -> None:
    after = "last@example.net,,K1,,,,,\n"
    directory, problems = of_csv(tmp_path, CSV + row + "\n" + after)
    assert len(problems) == 1
    assert problem in problems[0].text
    assert problems[0].left_out is left_out
    if problems[0].place != "b@example.net":
        assert problems[0].place == f"{tmp_path}/customers.csv line 5"
    assert directory.of("last@example.net") == K1
    assert directory.of("anna@example.net") == K1


def test_a_contact_at_a_domain_beyond_ascii_can_be_written_to(tmp_path: Path) -> None:
    rows = "a@example.net,,K1,,post@Müller.example,,,\nb@example.net,,K2,,müller@example.org,,,\n"
    directory, problems = of_csv(tmp_path, HEADER + rows)
    assert [account.contact for account in directory.accounts()] == ["post@xn--mller-kva.example", ""]
    assert [problem.text for problem in problems] == [
        "contact 'müller@example.org' is no mail address: nobody is written to there"
    ]


def test_a_domain_beyond_ascii_is_one_in_either_spelling(tmp_path: Path) -> None:
    rows = "Info@Bücher.example,,K1,,,,,\nalias@xn--bcher-kva.example,info@bücher.example,K1,,,,,\n"
    rows += "@Müller.example,,K2,,,,,\n"
    directory, problems = of_csv(tmp_path, HEADER + rows)
    assert problems == []
    for name in ("info@BÜCHER.example", "info@xn--bcher-kva.example", "alias@bücher.example"):
        account = directory.of(name)
        assert account is not None
        assert account.customer == "K1"
    owner = directory.of("x@müller.example")
    assert owner is not None
    assert owner.customer == "K2"
    assert directory.knows("info@bücher.example")
    assert directory.mailbox("alias@bücher.example") == "info@xn--bcher-kva.example"
    assert directory.aliases("info@bücher.example") == ("alias@xn--bcher-kva.example",)
    assert directory.of("x@..ü") is None


def test_customers_whose_names_differ_by_capitals_or_blanks_are_told(tmp_path: Path) -> None:
    rows = "".join(f"u{at}@example.net,,{name},,,,,\n" for at, name in enumerate(("ACME", "acme", "Ac me", "other")))
    directory, problems = of_csv(tmp_path, HEADER + rows)
    assert [account.customer for account in directory.accounts()] == ["ACME", "acme", "Ac me", "other"]
    assert [(each.place, each.text, each.left_out) for each in problems] == [
        ("acme", "is another customer than ACME: the names differ by capitals or blanks", False),
        ("Ac me", "is another customer than ACME: the names differ by capitals or blanks", False),
    ]


def test_a_contradiction_about_a_customer_is_told_once_and_a_later_row_fills_in(tmp_path: Path) -> None:
    rows = "".join(f"u{number}@example.net,,K1,Other Ltd,,,,\n" for number in range(50))
    directory, problems = of_csv(tmp_path, CSV + "c@example.com,,K2,,,,basic,\n" + rows)
    assert texts(problems, tmp_path) == [
        "customers.csv line 6: the name of K1 is 'Other Ltd' here, 'Anna AG' before: that counts"
    ]
    filled = directory.account("K2")
    assert filled is not None
    assert filled.tariff == "basic"


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz"])
def test_a_file_with_columns_and_a_delimiter_of_its_own_packed_or_not(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"kunden.csv{suffix}"
    text = "\ufeffMail;Kundennr;Sprache;Ort\r\n anna@example.net ;4711;Deutsch;Olten\r\n"
    packed = {"": text.encode(), ".gz": gzip.compress(text.encode()), ".xz": lzma.compress(text.encode())}
    path.write_bytes(packed[suffix])
    columns = 'columns = { address = "mail", customer = "Kundennr", language = "Sprache" }'
    directory, problems = loaded(f'[directory]\nkind = "csv"\npath = "{path}"\ndelimiter = ";"\n{columns}\n')
    assert problems == []
    assert directory.of("anna@example.net") == Account(customer="4711", language="de")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"mail,customer\n", "customers.csv line 1: no column 'address'; there are mail, customer"),
        (b"", "customers.csv line 1: no column 'address'; there are none"),
        (HEADER.encode() + b'"a@example.net,,K1\n', "no CSV: unexpected end of data"),
        (HEADER.encode() + b"\xe4@example.net,,K1\n", "customers.csv: no UTF-8 at byte"),
        (CSV.encode()[:-1], "customers.csv line 4: the last line has no end: it may be cut off"),
        ((CSV + "b@example.net,,10").encode(), "customers.csv line 5: the last line has no end"),
        (HEADER.encode() + b"a@b.example,K1\n" * 3, "none of the 3 rows can be read; the first: "),
        (HEADER.encode(), "kind 'csv': the source has no row: that is taken for a failure"),
        (HEADER.encode() + b"\n\n", "kind 'csv': the source has no row"),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_is_no_directory(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(content)
    with pytest.raises(DirectoryError) as failed:
        loaded(f'[directory]\nkind = "csv"\npath = "{path}"\n')
    assert told in str(failed.value)


def test_a_truncated_archive_and_an_absent_file_are_no_directory(tmp_path: Path) -> None:
    packed = tmp_path / "customers.csv.gz"
    packed.write_bytes(gzip.compress((CSV * 2000).encode())[:-20])
    with pytest.raises(DirectoryError, match=r"customers\.csv\.gz: "):
        loaded(f'[directory]\nkind = "csv"\npath = "{packed}"\n')
    damaged = gzip.compress(CSV.encode())[:10] + b"\xff" * 50  # no such block (RFC 1951)
    packed.write_bytes(damaged)
    with pytest.raises(DirectoryError, match=r"customers\.csv\.gz: Error -3 while decompressing"):
        loaded(f'[directory]\nkind = "csv"\npath = "{packed}"\n')
    with pytest.raises(DirectoryError, match=r"absent\.csv: No such file"):
        loaded(f'[directory]\nkind = "csv"\npath = "{tmp_path}/absent.csv"\n')


def test_a_select_gives_rows_and_its_errors_do_not_tell_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(tmp_path / "crm.db") as database:
        database.execute("CREATE TABLE boxes (mail TEXT, owner INTEGER, lang TEXT)")
        rows = [(f"u{number}@example.net", number // 2, "it") for number in range(12_000)]
        database.executemany("INSERT INTO boxes VALUES (?, ?, ?)", [*rows, ("", 7, None)])
    database.close()
    monkeypatch.setenv("RELAYWARDEN_DIRECTORY_URL", f"sqlite:///{tmp_path}/crm.db")
    query = "SELECT mail AS address, owner AS customer, lang AS language FROM boxes"
    directory, problems = loaded(f'[directory]\nkind = "sql"\nquery = "{query}"\n')
    assert len(directory) == 12_000
    assert directory.of("u11999@example.net") == Account(customer="5999", language="it")
    assert [(each.place, each.text) for each in problems] == [("row 12001", "the row has no address")]
    with pytest.raises(DirectoryError, match="no such table: boxen"):
        loaded('[directory]\nkind = "sql"\nquery = "SELECT 1 AS address, 2 AS customer FROM boxen"\n')
    with pytest.raises(DirectoryError, match="no column 'customer'; there are address"):
        loaded('[directory]\nkind = "sql"\nquery = "SELECT mail AS address FROM boxes"\n')
    with pytest.raises(DirectoryError, match="kind 'sql': the source has no row"):
        loaded('[directory]\nkind = "sql"\nquery = "SELECT mail AS address, owner AS customer FROM boxes WHERE 0"\n')
    monkeypatch.setenv("RELAYWARDEN_DIRECTORY_URL", "nonsense://u:s3cret@h/")
    with pytest.raises(DirectoryError) as failed:
        loaded('[directory]\nkind = "sql"\nquery = "SELECT 1"\n')
    assert "s3cret" not in str(failed.value)


@contextmanager
def serving(status: int, kind: str, body: bytes, cut: int = 0, *, announced: bool = True) -> Iterator[str]:
    """Serve one resource to whoever has the token; `cut` bytes of what was `announced` are not sent."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fine = self.headers.get("Authorization") == "Bearer t0ken"
            self.send_response(status if fine else 401)
            self.send_header("Content-Type", kind)
            if announced:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) - cut])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name is the base's
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/customers?key=hidden"
        finally:
            server.shutdown()
            thread.join()


LINES = (
    '{"address": "anna@example.net", "customer": 4711, "language": "it", "flags": ["vip", "old"], "more": null}\n\n'
    '{"address": "@example.com", "customer": "x"}\n'
)


@pytest.mark.parametrize(("kind", "body"), [("application/x-ndjson", LINES), ("text/csv; charset=utf-8", CSV)])
def test_a_resource_of_csv_or_json_lines(kind: str, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TOKEN", "t0ken")
    with serving(200, kind, body.encode()) as url:
        directory, problems = loaded(f'[directory]\nkind = "http"\nurl = "{url}"\ntoken_env = "CRM_TOKEN"\n')
    assert problems == []
    found = directory.of("anna@example.net")
    assert found is not None
    assert (found.customer, found.language) == (("4711", "it") if "json" in kind else ("K1", "de"))
    assert directory.of("x@example.com") is not None


@pytest.mark.parametrize(
    ("status", "cut", "token", "told"),
    [
        (503, 0, "t0ken", "answered 503"),
        (200, 0, "wrong", "answered 401"),
        (200, 9, "t0ken", "peer closed connection"),
        (200, 0, "", "directory.token_env: the environment has no CRM_TOKEN"),
    ],
)
def test_a_resource_that_does_not_come_whole_is_no_directory(
    status: int, cut: int, token: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_TOKEN", token)
    with serving(status, "text/csv", CSV.encode(), cut) as url, pytest.raises(DirectoryError) as failed:
        loaded(f'[directory]\nkind = "http"\nurl = "{url}"\ntoken_env = "CRM_TOKEN"\n')
    assert told in str(failed.value)
    assert "hidden" not in str(failed.value)


def test_lines_that_are_no_objects_are_no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TOKEN", "t0ken")
    with serving(200, "application/jsonl", b'{"address": {"deep": 1}}\n') as url:
        text = f'[directory]\nkind = "http"\nurl = "{url}"\ntoken_env = "CRM_TOKEN"\n'
        with pytest.raises(DirectoryError, match="line 1: no object of JSON"):
            loaded(text)


def test_what_is_not_named_of_a_line_may_be_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TOKEN", "t0ken")
    line = b'{"address": "a@b.example", "customer": 4711, "postal": {"city": "Bern"}, "products": [12, 13]}\n'
    with serving(200, "application/jsonl", line) as url:
        directory, problems = loaded(f'[directory]\nkind = "http"\nurl = "{url}"\ntoken_env = "CRM_TOKEN"\n')
    assert (directory.of("a@b.example"), problems) == (Account(customer="4711"), [])


def test_bytes_of_a_database_are_their_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAYWARDEN_DIRECTORY_URL", f"sqlite:///{tmp_path}/crm.db")
    query = "SELECT 'a@b.example' AS address, x'34373131' AS customer"
    directory, problems = loaded(f'[directory]\nkind = "sql"\nquery = "{query}"\n')
    assert (directory.of("a@b.example"), problems) == (Account(customer="4711"), [])


HTTP = '[directory]\nkind = "http"\nurl = "{}"\ntoken_env = "CRM_TOKEN"\n'


def test_a_resource_whose_end_cannot_be_told_is_no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TOKEN", "t0ken")
    with serving(200, "text/csv", CSV.encode(), announced=False) as url, pytest.raises(DirectoryError) as failed:
        loaded(HTTP.format(url))
    assert "/customers: has neither a Content-Length nor chunks: its end cannot be told" in str(failed.value)


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        ("text/csv", CSV.encode()[:-1], "line 4: the last line has no end"),
        ("text/csv", CSV.encode("latin-1"), "no UTF-8 at byte"),
        ("text/csv; charset=klingon", CSV.encode(), "the charset 'klingon' of the answer is unknown"),
        ("application/jsonl", b"", "kind 'http': the source has no row"),
        ("application/jsonl", LINES.encode()[:-9], "line 3: no object of JSON"),
    ],
)
def test_a_resource_that_is_cut_off_or_not_what_it_says_is_no_directory(
    kind: str, body: bytes, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_TOKEN", "t0ken")
    with serving(200, kind, body) as url, pytest.raises(DirectoryError) as failed:
        loaded(HTTP.format(url))
    assert told in str(failed.value)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv", CSV.encode("utf-8-sig")),
        ("text/csv; charset=UTF8", CSV.encode("utf-8-sig")),
        ("text/csv; charset=iso-8859-1", CSV.encode("latin-1")),
        ("text/csv", CSV.replace("Béa SA", '"Béa\x85 SA"').replace("\n", "\r\n").encode()),
    ],
)
def test_a_resource_is_read_in_its_charset_without_its_byte_order_mark(
    kind: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_TOKEN", "t0ken")
    with serving(200, kind, body) as url:
        directory, problems = loaded(HTTP.format(url))
    assert problems == []
    found = directory.account("K2")
    assert found is not None
    assert found.name.replace("\x85", "") == "Béa SA"
    assert len(directory) == 3


def test_without_a_source_the_configured_customers_are_the_directory() -> None:
    text = '[networks]\n"192.0.2.0/24" = "office"\n[customers.acme]\nmailboxes = ["acme.example", "office"]\n'
    directory, problems = loaded(text + 'contact = "boss@acme.example"\nlanguage = "fr"\n')
    assert problems == []
    assert directory.of("x@acme.example") == Account(customer="acme", contact="boss@acme.example", language="fr")
    assert directory.of("office") is None


def test_while_a_source_is_away_the_last_good_directory_counts(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text(CSV)
    kept = Kept(parse(f'[directory]\nkind = "csv"\npath = "{path}"\nreload_hours = 1\n', "relaywarden.toml"))
    hour = 3_600_000_000
    first = kept.directory(0)
    assert first is not None
    path.unlink()
    assert kept.directory(hour - 1) is first
    assert kept.failure == ""
    assert kept.directory(hour) is first
    assert "No such file" in kept.failure
    path.write_text(CSV + "new@example.net,,K1,,,,,\n")
    assert kept.directory(hour + 1) is first
    newest = kept.directory(2 * hour)
    assert newest is not None
    assert newest.of("new@example.net") == K1
    assert kept.failure == ""


def test_a_directory_that_lost_most_of_its_addresses_is_taken_for_broken(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    rows = [f"u{number}@example.net,,K{number},,,,,\n" for number in range(10)]
    path.write_text(HEADER + "".join(rows))
    table = f'[directory]\nkind = "csv"\npath = "{path}"\nreload_hours = 1\n'
    kept, careful = (
        Kept(parse(f'data = "{tmp_path}/{name}"\n{table}{more}', "relaywarden.toml"))
        for name, more in (("kept", ""), ("careful", "most_shrink = 0.1\n"))
    )
    hour = 3_600_000_000
    first = kept.directory(0)
    assert careful.directory(0) is not None
    path.write_text(HEADER + "".join(rows[:5]))
    half = kept.directory(hour)
    assert half is not None
    assert (len(half), kept.failure) == (5, "")
    assert careful.directory(hour) is not half
    assert careful.failure == (
        "most_shrink: 0.1: it has 5 addresses and domains, before 10:"
        " if that is right, set most_shrink higher until it is read,"
        f" or delete {tmp_path}/careful/directory.json and restart"
    )
    path.write_text(HEADER + "".join(rows[:2]))
    assert kept.directory(2 * hour) is half
    assert kept.failure.startswith("most_shrink: 0.5: it has 2 addresses and domains, before 5")
    path.write_text(HEADER + "".join(rows))
    again = kept.directory(3 * hour)
    assert first is not None
    assert again is not None
    assert (len(again), kept.failure) == (len(first), "")


def _sized(folder: Path, number: int, more: str = "") -> Settings:
    """Return the settings of a directory of so many addresses, whose data is kept in a folder."""
    (folder / "customers.csv").write_text(HEADER + "".join(f"u{n}@example.net,,K{n},,,,,\n" for n in range(number)))
    text = f'data = "{folder}/state"\n[directory]\nkind = "csv"\npath = "{folder}/customers.csv"\n{more}'
    return parse(text, "relaywarden.toml")


def test_half_a_directory_that_a_new_process_reads_first_is_not_believed(tmp_path: Path) -> None:
    assert Kept(_sized(tmp_path, 10)).directory(0) is not None
    half = Kept(_sized(tmp_path, 4))
    assert half.directory(0) is None
    assert half.failure.startswith("most_shrink: 0.5: it has 4 addresses and domains, before 10: ")
    assert Kept(_sized(tmp_path, 4)).directory(0) is None, "nor by the next process"
    (tmp_path / "customers.csv").write_text((tmp_path / "customers.csv").read_text() + ALIAS + DOMAIN)
    whole = half.directory(300_000_000)
    assert whole is not None
    assert (len(whole), half.failure) == (6, "")
    meant = Kept(_sized(tmp_path, 3, "most_shrink = 1.0\n"))
    assert meant.directory(0) is not None
    assert Kept(_sized(tmp_path, 2)).directory(0) is not None, "3 is what it is compared with now"


def test_what_only_looks_notes_nothing_and_another_source_is_compared_with_nothing(tmp_path: Path) -> None:
    assert Kept(_sized(tmp_path, 10), keep=False).directory(0) is not None
    assert not (tmp_path / "state").exists()
    assert Kept(_sized(tmp_path, 10)).directory(0) is not None
    assert Kept(_sized(tmp_path, 4, 'delimiter = ","\n')).directory(0) is None, "the same, said otherwise"
    other = _sized(tmp_path, 4)
    (tmp_path / "others.csv").write_bytes((tmp_path / "customers.csv").read_bytes())
    assert isinstance(other.directory, CsvDirectory)
    moved = other.directory.model_copy(update={"path": tmp_path / "others.csv"})
    assert Kept(other.model_copy(update={"directory": moved})).directory(0) is not None


@pytest.mark.parametrize("damage", [b"", b"{", b'{"source": "x", "addresses": "many"}', b"\xff\x00"])
def test_a_damaged_note_of_how_large_it_was_is_told_and_written_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: bytes
) -> None:
    (tmp_path / "state").mkdir()
    note = tmp_path / "state" / "directory.json"
    note.write_bytes(damage)
    assert Kept(_sized(tmp_path, 10)).directory(0) is not None
    (told,) = [message for message in caplog.messages if str(note) in message]
    assert told.endswith("what is read now can be compared with nothing")
    assert Kept(_sized(tmp_path, 4)).directory(0) is None


def test_a_note_that_cannot_be_written_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    assert Kept(_sized(tmp_path, 10)).directory(0) is not None
    assert any(
        message.startswith("directory: the next start can compare with nothing: ") for message in caplog.messages
    )


def test_a_source_that_never_was_read_is_no_empty_directory(tmp_path: Path) -> None:
    kept = Kept(parse(f'[directory]\nkind = "csv"\npath = "{tmp_path}/absent.csv"\n', "relaywarden.toml"))
    assert kept.directory(0) is None


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('kind = "xml"', "no kind 'xml'; there are csv, sql, ldap, http"),
        ('kind = "csv"', "directory.csv.path"),
        ('kind = "csv"\npath = "x"\ndelimiter = "ab"', "directory.csv.delimiter"),
        ('kind = "csv"\npath = "x"\ncolumns = { town = "Ort" }', "'town' is nothing that a directory tells"),
        ('kind = "csv"\npath = "x"\ncolumns = { address = "" }', "address must have a column"),
        ('kind = "sql"\nquery = " "', "is empty: it must be a SELECT"),
        ('kind = "ldap"\nbase = "dc=x"\nfilter = "mail=*"', "is no filter like '(objectClass=mailUser)'"),
        ('kind = "ldap"\nbase = "dc=x"\nurl = "ldap://ldap1"\nbind_dn = "cn=a"', "go over the network in the clear"),
        ('kind = "http"\nurl = "ftp://x/y"', "is no URL like"),
    ],
)
def test_a_wrong_setting_is_named(table: str, told: str) -> None:
    with pytest.raises(SettingsError) as failed:
        parse(f"[directory]\n{table}\n", "relaywarden.toml")
    assert told in str(failed.value)


def test_each_kind_has_its_module() -> None:
    assert kinds() == ["csv", "http", "ldap", "sql"]
    assert Settings().directory is None


ROWS = st.dictionaries(st.sampled_from(["address", "mailbox", "customer", "contact", "language", "flags"]), st.text())


@given(ROWS)
def test_no_row_raises_anything_but_value_error(row: dict[str, str]) -> None:
    try:
        found, _ = entry(row)
    except ValueError:
        return
    assert found.account.customer != ""
    assert found.address == found.address.strip().lower() != ""


NAMES = st.sampled_from(["a@example.net", "b@example.net", "@example.net", "c@example.com"])


@given(st.lists(st.tuples(NAMES, NAMES | st.just(""), st.sampled_from(["K1", "K2"]))))
def test_what_stands_first_counts_and_every_mailbox_has_an_owner(rows: list[tuple[str, str, str]]) -> None:
    directory = Directory()
    given_rows = [(str(at), {"address": a, "mailbox": m, "customer": c}) for at, (a, m, c) in enumerate(rows)]
    out = {each.place for each in read(given_rows, directory) if each.left_out}
    first: dict[str, str] = {}
    for place, row in given_rows:
        if place not in out:
            first.setdefault(row["address"], row["customer"])
    for address, customer in first.items():
        account = directory.of(address.removeprefix("@")) if address[0] != "@" else directory.of(f"x{address}")
        assert account is not None
        assert account.customer == customer
    for mailbox in directory.mailboxes():
        assert all(directory.mailbox(alias) == mailbox for alias in directory.aliases(mailbox))


def test_stale_is_who_was_seen_by_none_of_his_addresses(tmp_path: Path) -> None:
    directory, _ = of_csv(tmp_path, CSV + "bob@example.net,,K1,,,,,\nold@example.net,,K1,,,,,\n")
    seen = {"info@example.net", "bob@example.net", "stranger@example.org", "x@example.com"}
    assert list(staleness.stale(directory, seen)) == ["old@example.net"]
    assert list(staleness.unknown(directory, seen)) == ["stranger@example.org"]


def test_who_was_seen_is_asked_of_the_log_and_a_log_that_is_too_young_is_refused(clickhouse: ClickHouseServer) -> None:
    migrate(clickhouse.connect(), "t_directory")
    client = clickhouse.connect("t_directory")
    day, now = 86_400_000_000, time.time_ns() // 1000
    with pytest.raises(ValueError, match="--stale-days 30: the log of logins begins nowhere"):
        staleness.seen(client, now, 30)
    login = {"type": "mailbox_authenticated", "outcome": "succeeded", "mailbox": "Anna@example.net"}
    failed = {"type": "mailbox_authenticated", "outcome": "failed", "mailbox": "failed@example.net"}
    mail = {"type": "message_submitted", "sender_kind": "pop", "sender": "bob@example.net"}
    forged = {"type": "message_submitted", "sender_kind": "envelope", "sender": "forged@example.org"}
    old = {**login, "mailbox": "old@example.net", "at": now - 40 * day}
    before = [{**mail, "at": now - 60 * day}, {**login, "service": "smtp", "at": now - 60 * day}]
    rows = [old, *before, *({**each, "at": now - day} for each in (login, failed, mail, forged))]
    text = "\n".join(json.dumps({"id": str(number), **row}) for number, row in enumerate(rows))
    client.raw_insert("mail_events", insert_block=text, fmt="JSONEachRow")
    assert staleness.seen(client, now, 30) == {"anna@example.net", "bob@example.net"}
    with pytest.raises(ValueError, match="--stale-days 50: the log of logins begins 20"):
        staleness.seen(client, now, 50)


def test_the_command_tells_whose_an_address_is_and_what_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text(CSV + ",,K3,,,,,\n", encoding="utf-8")
    config = tmp_path / "relaywarden.toml"
    config.write_text(f'[directory]\nkind = "csv"\npath = "{tmp_path}/customers.csv"\n')
    found = run("directory", "find", "info@example.net", "x@example.org", "--json", "--config", config)
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    assert [(row["mailbox"], row["customer"]) for row in rows] == [("anna@example.net", "K1"), ("x@example.org", "")]
    assert found.returncode == 1
    checked = run("directory", "check", "--json", "--config", config)
    problem, count = map(json.loads, checked.stdout.splitlines())
    told = {"place": f"{tmp_path}/customers.csv line 5", "problem": "the row has no address", "left_out": True}
    assert problem == told
    assert count == {"addresses": 3, "customers": 2, "problems": 1, "without_contact": 0}
    assert checked.returncode == 1
    (tmp_path / "customers.csv").unlink()
    assert (
        refusal(run("directory", "check", "--config", config)) == f"{tmp_path}/customers.csv: No such file or directory"
    )


def test_each_example_of_the_document_is_sound() -> None:
    text = (ROOT / "docs" / "directory.md").read_text(encoding="utf-8")
    examples = re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
    tables = [textwrap.dedent(example) for example in examples if "[directory]" in example]
    found = [parse(table, "docs/directory.md").directory for table in tables]
    assert sorted(each.kind for each in found if each) == kinds()
