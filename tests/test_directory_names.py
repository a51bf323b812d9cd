"""The names of a mailbox: aliases of aliases, those that lead nowhere, and those that lead in a circle."""

from pathlib import Path

from schemas.settings import parse
from streams.directory.found import Directory
from streams.directory.kept import load


def _of_csv(tmp_path: Path, *rows: str, customer: str = ",K1") -> tuple[Directory, list[str]]:
    path = tmp_path / "customers.csv"
    path.write_text("address,mailbox,customer\n" + "".join(f"{row}{customer}\n" for row in rows))
    problems: list[str] = []
    settings = parse(f'[directory]\nkind = "csv"\npath = "{path}"\n', "relaywarden.toml")
    found = load(settings, lambda problem: problems.append(f"{problem.place}: {problem.text}"))
    return found, problems


def test_an_alias_of_an_alias_is_one_of_the_mailbox_at_its_end(tmp_path: Path) -> None:
    rows = ("first@a.example,second@a.example", "second@a.example,third@a.example", "third@a.example,anna@a.example")
    directory, problems = _of_csv(tmp_path, *rows, "anna@a.example,")
    assert problems == []
    names = tuple(f"{name}@a.example" for name in ("first", "second", "third"))
    assert {directory.mailbox(name) for name in names} == {"anna@a.example"}
    assert directory.aliases("anna@a.example") == names
    assert directory.aliases("second@a.example") == ()
    assert list(directory.mailboxes()) == ["anna@a.example"]


def test_a_chain_that_ends_nowhere_is_told_as_each_of_its_aliases(tmp_path: Path) -> None:
    directory, problems = _of_csv(tmp_path, "a@a.example,b@a.example", "b@a.example,gone@a.example")
    told = "is an alias of gone@a.example, which is not there: it counts as one of the customer"
    assert [text.rpartition(" ")[0] for text in problems] == [f"{name}@a.example: {told}" for name in "ab"]
    assert directory.mailbox("a@a.example") == "gone@a.example"


def test_aliases_in_a_circle_are_told_and_count_as_mailboxes(tmp_path: Path) -> None:
    rows = ("a@a.example,b@a.example", "b@a.example,a@a.example", "c@a.example,a@a.example", "d@a.example,e@a.example")
    directory, problems = _of_csv(tmp_path, *rows, "e@a.example,")
    assert problems == [
        f"{one}@a.example: is an alias of {other}@a.example, and so in a circle: it counts as a mailbox"
        for one, other in ("ab", "ba", "ca")
    ]
    assert [directory.mailbox(f"{name}@a.example") for name in "abcd"] == [f"{name}@a.example" for name in "abce"]
    assert [directory.aliases(f"{name}@a.example") for name in "abe"] == [(), (), ("d@a.example",)]


def test_a_mailbox_without_a_row_is_its_aliases_customers(tmp_path: Path) -> None:
    directory, problems = _of_csv(tmp_path, "anna@a.example,anna")
    found = directory.of("anna")
    assert found is not None
    assert found.customer == "K1"
    told = "is an alias of anna, which is not there: it counts as one of the customer K1"
    assert problems == [f"anna@a.example: {told}"]


def test_an_alias_of_another_customers_mailbox_is_told(tmp_path: Path) -> None:
    rows = ("m@b.example,,K2", "anna@a.example,m@b.example,K1", "own@b.example,m@b.example,K2")
    directory, problems = _of_csv(tmp_path, *rows, customer="")
    assert problems == ["anna@a.example: of the customer K1 is an alias of m@b.example, of K2: that counts"]
    assert directory.mailbox("anna@a.example") == "m@b.example"


def test_a_login_with_a_dot_is_found_as_it_is(tmp_path: Path) -> None:
    directory, problems = _of_csv(tmp_path, "anna.muster,")
    assert problems == []
    assert [getattr(directory.of(name), "customer", None) for name in ("anna.muster", "max.muster")] == ["K1", None]
