"""The hoster's configuration, directory and templates, with what is wrong in them and how it has to be told."""

import csv
from pathlib import Path

import tomli_w

from embedded.broker import Broker, free_port
from embedded.clickhouse import ClickHouseServer
from schemas.settings import Settings, load
from streams.notice_files import built_in
from tests.whole.sunset_script import POP, WAYS, ZONE, Script, Way
from tests.whole.sunset_stages import COUNT, FIRST_DAY

HOUSE, TYPO = "Texte de la maison.", "HAUSTEXT"
"""What stands in the company's own thanks: in French a text that is sound, in German one with an unknown name."""
PAST = "2020-03-01"
_HEADER = ("address", "mailbox", "customer", "name", "contact", "language")


class Setup:
    """The files of a run in a folder, read as the programs read them."""

    def __init__(self, folder: Path, broker: Broker, server: ClickHouseServer, database: str, script: Script) -> None:
        self.folder, self._script = folder, script
        self.config, self.directory = folder / "relaywarden.toml", folder / "customers.csv"
        self.templates = folder / "templates"
        self.port = free_port()
        self._write_directory()
        self._write_templates()
        table = {
            "data": str(folder / "state"),
            "kafka": {"bootstrap": [broker.bootstrap], "partitions": 1},
            "clickhouse": {"host": server.host, "port": server.port, "database": database},
            "directory": {"kind": "csv", "path": str(self.directory)},
            "sunset": {way.name: self._sunset(way) for way in WAYS}
            | {"fax": {"kind": "cleartext_login", "begins": "2020-01-06", "ends": PAST}},
        }
        self.config.write_text(tomli_w.dumps(table))
        self.settings: Settings = load(self.config)

    def _sunset(self, way: Way) -> dict[str, object]:
        mail = {
            "sender": "care@hoster.example",
            "company": "Hoster",
            "support": "+41 44 1234",
            "smtp_server": "smtp.hoster.example",
            "language": "de",
            "templates": str(self.templates),
            "port": self.port,
            "timeout_seconds": 5,
            "per_hour": 1000,
        }
        days = {"begins": self._script.day(way.begins), "ends": self._script.day(way.ends), "quiet_days": way.quiet}
        hours: dict[str, object] = {
            "hour": way.hour,
            "spread_hours": way.spread,
            "letters": way.letters,
            "timezone": str(ZONE),
        }
        stages = {
            "count": COUNT,
            "first_day": self._script.day(FIRST_DAY),
            "brownout_hours": [1, 24],
            "brownout_days": [5, 3],
        }
        hours |= {"stages": stages} if way is POP else {}
        return {"kind": way.kind, "old_tls": ["TLSv1", "TLSv1.1"], "mail": mail, **days, **hours}

    def _write_directory(self) -> None:
        """Write the customers, behind two rows without an address and before one that stands there already."""
        with self.directory.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(_HEADER)
            rows.writerow(("", "", "f00", "Firma 0", "it@firm00.example", "de"))
            rows.writerow(("  ", "", "nobody", "", "", ""))
            for customer in self._script.customers:
                for row in customer.rows:
                    address, _, mailbox = row.partition(">")
                    rows.writerow(
                        (address, mailbox, customer.name, customer.title, customer.contact, customer.language)
                    )
            rows.writerow(("a@office.example", "", "office", "", "", ""))
            rows.writerow(("b@office.example", "", "boss", "", "", ""))

    def _write_templates(self) -> None:
        """Write own thanks in two languages, and a file that replaces nothing."""
        texts = built_in("streams.letters")
        for language in ("de", "fr"):
            (self.templates / language).mkdir(parents=True)
        typo = texts["de/thanks.txt"].replace("Guten Tag", f"{TYPO}: {{{{ nmae }}}}, guten Tag")
        (self.templates / "de/thanks.txt").write_text(typo)
        sound = texts["fr/thanks.txt"].replace("{{ closing }}", f"{HOUSE}\n\n{{{{ closing }}}}")
        (self.templates / "fr/thanks.txt").write_text(sound)
        (self.templates / "de/danke.txt").write_text("Subject: Danke\n\nDanke.\n")

    def odd_rows(self) -> list[str]:
        """Return what is told of the directory's rows, in their order."""
        lines = self.directory.read_text().splitlines()
        places = {line.partition(",")[0]: f"directory: {self.directory} line {n}" for n, line in enumerate(lines, 1)}
        injected = next(number for number, line in enumerate(lines, 1) if line.startswith("@injected.example,"))
        contact = "contact 'not an address' is no mail address: nobody is written to there"
        name = "name 'Injected\\r\\nBcc: victim@example.net' holds a sign that is no text"
        contradiction = "b@office.example is of the customer boss here, of office before: that counts"
        return [
            f"directory: {self.directory} line 2: the row has no address",
            f"directory: {self.directory} line 3: the row has no address",
            f"directory: {self.directory} line {injected + 1}: {name}",
            f"{places['@wrong.example']}: {contact}",
            f"{places['a@office.example']}: a@office.example stands there twice",
            f"{places['b@office.example']}: {contradiction}",
        ]

    def odd_templates(self, way: Way) -> list[str]:
        """Return what is told of the templates of a sunset."""
        place = f"sunset.{way.name}.mail.templates: {self.templates}"
        return [
            f"{place}/de/danke.txt: replaces nothing: no template has this name",
            f"{place}/de/thanks.txt:3: 'nmae' is undefined",
        ]

    def odd_days(self) -> list[str]:
        """Return what `relaywarden check` says of the sunset that is past, with its line."""
        lines = self.config.read_text().splitlines()
        number = lines.index(f'ends = "{PAST}"') + 1
        return [f"sunset.fax.ends: {PAST} is past: the sunset is left out ({self.config} line {number})"]
