"""What a directory of a million mailboxes takes in time and memory: `python -m bench.directory [--sql]`."""

import argparse
import csv
import os
import resource
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.directory_settings import FIELDS, AnyDirectory, CsvDirectory, SqlDirectory
from schemas.settings import Settings
from streams.directory.kept import load

if TYPE_CHECKING:
    from streams.directory import Problem

_OF_A_CUSTOMER = 4
_LANGUAGES = ("de", "fr", "it", "en")


def written(path: Path, mailboxes: int) -> None:
    """Write a file of so many mailboxes, four of each customer."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(FIELDS)
        for number in range(mailboxes):
            customer = number // _OF_A_CUSTOMER
            domain = f"customer{customer}.example.net"
            account = (f"K{customer:07d}", f"Customer Number {customer} Ltd", f"admin@{domain}")
            language, flags = _LANGUAGES[customer % len(_LANGUAGES)], "" if customer % 10 else "vip newsletter"
            rows.writerow((f"user{number}@{domain}", "", *account, language, "business", flags))


def stored(path: Path) -> SqlDirectory:
    """Return the rows of a file as a table of SQLite."""
    database = path.with_suffix(".db")
    with path.open(encoding="utf-8", newline="") as file, sqlite3.connect(database) as into:
        rows = csv.reader(file)
        into.execute(f"CREATE TABLE boxes ({', '.join(next(rows))})")
        into.executemany("INSERT INTO boxes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    into.close()
    os.environ["BENCH_URL"] = f"sqlite:///{database}"
    return SqlDirectory(kind="sql", url_env="BENCH_URL", query="SELECT * FROM boxes")


def main() -> int:
    """Write it, read it, and print what that took."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--mailboxes", type=int, default=1_000_000)
    given.add_argument("--sql", action="store_true", help="from a table of SQLite, not from a file of CSV")
    asked = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.csv"
        written(path, asked.mailboxes)
        source: AnyDirectory = stored(path) if asked.sql else CsvDirectory(kind="csv", path=path)
        problems: list[Problem] = []
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun, cpu = time.perf_counter(), time.process_time()
        directory = load(Settings(directory=source), problems.append)
        took, cpu = time.perf_counter() - begun, time.process_time() - cpu
        memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(f"{len(directory):,} addresses in {took:.1f} s ({cpu:.1f} s of CPU), {memory} MB, {len(problems)} problems")
    return 0


if __name__ == "__main__":
    sys.exit(main())
