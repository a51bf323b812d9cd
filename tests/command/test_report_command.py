"""`relaywarden report` as a shell runs it, and what `check` says of reports."""

import json
from pathlib import Path

import pytest
from pypdf import PdfReader

from embedded.broker import free_port
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from tests.command.shell import refusal, run
from tests.mail_server import Server
from tests.migrated import migrate
from tests.reports.scene import keep, week

REPORTS = """
[customers.alpine]
mailboxes = ["alpine.example"]
contact = "it@alpine.example"
language = "de"
[customers.bakery]
mailboxes = ["bakery.example"]
[report.week]
audience = "customer"
every = "weekly"
timezone = "Europe/Zurich"
mail = { sender = "reports@isp.example", company = "Example ISP", port = %d }
[report.noc]
audience = "noc"
hours = [7, 19]
recipients = ["noc@isp.example"]
mail = { sender = "reports@isp.example", company = "Example ISP" }
"""


def _config(folder: Path, text: str = REPORTS, port: int = 1, more: str = "") -> Path:
    path = folder / "relaywarden.toml"
    head = f"data = '{folder}/state'\n[embedded]\ndata = '{folder}/var'\n[kafka]\nbootstrap = ['127.0.0.1:1']\n"
    path.write_text(head + more + (text % port if "%d" in text else text))
    return path


@pytest.fixture
def stored(clickhouse: ClickHouseServer, database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Store the week of the scene, and return the configuration of the warehouse."""
    monkeypatch.setenv(PASSWORD_ENV, clickhouse.password)
    migrate(clickhouse.connect(), database)
    keep(clickhouse.connect(database), week())
    return f"[clickhouse]\nhost = '{clickhouse.host}'\nport = {clickhouse.port}\ndatabase = '{database}'\n"


def test_the_list_names_who_gets_which_and_who_cannot_be_written_to(tmp_path: Path) -> None:
    done = run("report", "list", "--config", _config(tmp_path), "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [
        (row["report"], row["customer"], row["to"], row["language"], row["hours"], row["problem"]) for row in rows
    ] == [
        ("week", "alpine", "it@alpine.example", "de", "7", ""),
        ("week", "bakery", "nobody", "en", "7", "has no contact"),
        ("noc", "", "noc@isp.example", "en", "7 19", ""),
    ]


def test_a_preview_is_text_html_and_pdf_of_one_customer(tmp_path: Path, stored: str) -> None:
    config = _config(tmp_path, more=stored)
    common = ("report", "preview", "week", "--customer", "alpine", "--period", "2026-W47", "--config", config)
    done = run(*common)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("To: it@alpine.example\nSubject: Ihre Mails: Woche 47, 16. November 2026")
    assert "google 101 90,0 % \N{MINUS SIGN}7,0 1 10" in " ".join(done.stdout.split())
    assert "bakery" not in done.stdout
    files = tmp_path / "r.html", tmp_path / "r.pdf"
    assert run(*common, "--html", files[0], "--pdf", files[1]).stdout == ""
    assert 'src="data:image/png;base64,' in files[0].read_text()
    assert "Seite 1 von" in PdfReader(files[1]).pages[0].extract_text()


def test_a_test_mail_goes_to_oneself_and_not_to_the_customer(tmp_path: Path, stored: str) -> None:
    server = Server(free_port())
    server.start()
    config = _config(tmp_path, port=server.port, more=stored)
    common = ("report", "send", "week", "--period", "2026-W47", "--to", "me@isp.example", "--config", config)
    assert run(*common, "--dry-run").stdout.startswith("would be sent to me@isp.example: Ihre Mails: Woche 47")
    assert server.taken == []
    done = run(*common)
    server.stop()
    assert done.stdout == "sent to me@isp.example: 250 2.0.0 queued as 4F1qXz3\n"
    ((recipient, mail),) = server.taken
    assert (recipient, mail["To"]) == ("me@isp.example", "me@isp.example")
    assert mail["Subject"].startswith("[Test] Ihre Mails")
    assert [part.get_content_type() for part in mail.walk()][-1] == "application/pdf"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("preview", "month"), "no report 'month'; configured is week, noc"),
        (("preview", "week", "--period", "2026-11"), "'2026-11' is no period of a weekly report; one is '2026-W48'"),
        (("preview", "week", "--customer", "nobody"), "--customer 'nobody': he gets no report week"),
        (
            ("preview", "noc", "--customer", "alpine"),
            "--customer 'alpine': the report noc is for noc, on all customers",
        ),
        (("send", "week", "--to", "me"), "'me' is no mail address in ASCII"),
        (("send", "week", "--to", "me", "--dry-run"), "'me' is no mail address in ASCII"),
        (("send", "month", "--to", "me@isp.example", "--dry-run"), "no report 'month'; configured is week, noc"),
    ],
)
def test_what_cannot_be_shown_is_refused_before_clickhouse_is_asked(
    tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    away = _config(tmp_path, more=f"[clickhouse]\nport = {free_port()}\n")
    assert why in refusal(run("report", *words, "--config", away))


def test_check_names_a_wrong_template_by_file_and_line_and_who_cannot_be_written_to(tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "de").mkdir(parents=True)
    (own / "de" / "opening.txt").write_text("Subject: {{ title }}\n\nHallo {{ nmae }}\n")
    (own / "de" / "hello.txt").write_text("x")
    (own / "layout.html").write_text("<p>{{ document.titel }}</p>\n")
    given = REPORTS.replace("port = %d }", f'templates = "{own}" }}').replace(
        'recipients = ["noc@isp.example"]\nmail = { sender = "reports@isp.example", company = "Example ISP" }',
        'recipients = ["noc@isp.example"]\nparts = ["reputation"]',
    )
    done = run("check", "--config", _config(tmp_path, given), "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    told = {f"{row.get('place')}: {row.get('problem')}" for row in rows}
    assert {
        f"report.week.mail.templates: {own}/de/opening.txt:3: 'nmae' is undefined",
        f"report.week.mail.templates: {own}/de/hello.txt: replaces nothing: no template has this name",
        f"report.week.mail.templates: {own}/layout.html:1: 'dict object' has no attribute 'titel'",
        "report.noc.mail: none: no report is sent",
        "report.noc.parts: reputation: no pool is configured",
        "report.week: no contact, so no report, for bakery",
    } <= told, told
