"""How many questions a second, 256 IPs at 60 lists, against a rbldnsd on this machine: `python -m bench.dnsbl`.

Beside it, in the same run, dnsperf and the DNS and DNSBL libraries there are; each on one core, rbldnsd on another.
Writes the table of docs/dnsbl.md (`--write`), or prints it. What is not installed is said.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from bench.dnsbl_peers import AT_ONCE, IPS, PEERS, QUESTIONS, ZONES, listed, names
from tests.rbldns import TEST_POINTS, Rbldnsd

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "dnsbl.md"
BEGIN, END = "<!-- table: python -m bench.dnsbl --write -->\n", "<!-- end -->\n"
SAID = {
    "events": "the collector: test points, texts, an event of each answer",
    "questions": "its questions and their answers alone",
    "dnsperf": "dnsperf, which reads no answer",
}
_RATE = re.compile(r"Queries per second:\s+([\d.]+)")


@contextmanager
def _server() -> Iterator[int]:
    program = shutil.which("rbldnsd") or shutil.which("rbldnsd", path="/usr/sbin")
    if program is None:
        raise SystemExit("rbldnsd is not installed: apt-get install --no-install-recommends rbldnsd")
    zones = {zone: TEST_POINTS | dict.fromkeys(listed(number), "trap") for number, zone in enumerate(ZONES)}
    with Rbldnsd(program, zones, core=max(os.sched_getaffinity(0))) as server:
        yield server.port


def _pinned(*command: str) -> str:
    """Run a command on one core, and return what it prints."""
    core = min(os.sched_getaffinity(0))
    return subprocess.run(["taskset", "-c", str(core), *command], capture_output=True, text=True, check=True).stdout


def _dnsperf(port: int, questions: Path) -> float:
    # fmt: off
    told = _pinned("dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(questions), "-n", "1", "-q", str(AT_ONCE),
                   "-c", "8", "-T", "1")
    # fmt: on
    found = _RATE.search(told)
    if found is None:
        raise ValueError(f"dnsperf tells no rate: {told}")
    return float(found[1])


def _peer(name: str, port: int) -> tuple[float, float]:
    """Return the questions a second, by the wall clock and by the CPU time that they took."""
    found, wall, cpu = _pinned(sys.executable, "-m", "bench.dnsbl_peers", name, str(port)).split()
    wanted = sum(len(listed(number)) for number in range(len(ZONES)))
    if int(found) != wanted:
        print(f"{name} found {found} listings of {wanted}", file=sys.stderr)
    return QUESTIONS / float(wall), QUESTIONS / float(cpu)


def measured(runs: int) -> tuple[dict[str, list[tuple[float, float]]], list[str]]:
    """Return each one's rates, run by run, all in turn, and who is not installed."""
    there = [name for name in PEERS if name in {"events", "questions", "dnspython"} or find_spec(name)]
    absent = [name for name in PEERS if name not in there]
    if shutil.which("dnsperf") is None:
        absent.append("dnsperf")
    rates: dict[str, list[tuple[float, float]]] = {}
    with _server() as port, tempfile.TemporaryDirectory() as folder:
        questions = Path(folder) / "questions"
        questions.write_text("".join(f"{name} A\n" for name in names()))
        for run in range(runs):
            for name in there:
                if name != "dnspython" or run == 0:  # it takes as long as all others
                    rates.setdefault(name, []).append(_peer(name, port))
            if "dnsperf" not in absent:
                rates.setdefault("dnsperf", []).append((_dnsperf(port, questions), 0.0))
    return rates, absent


def table(rates: dict[str, list[tuple[float, float]]]) -> str:
    """Return the rates as a table, the fastest first."""
    rows = ["| | questions/s | the fastest run | per CPU second | of dnsperf |", "|---|---:|---:|---:|---:|"]
    walls = {name: [wall for wall, _ in found] for name, found in rates.items()}
    whole = median(walls["dnsperf"]) if "dnsperf" in walls else 0.0
    for name in sorted(walls, key=lambda name: -median(walls[name])):
        cpu = median(rate for _, rate in rates[name])
        share = f"{100 * median(walls[name]) / whole:.0f} %" if whole else ""
        per_cpu = f"{cpu:,.0f}" if cpu else ""
        rows.append(
            f"| {SAID.get(name, name)} | {median(walls[name]):,.0f} | {max(walls[name]):,.0f} | {per_cpu} | {share} |"
        )
    return "\n".join(rows) + "\n"


def main() -> None:
    """Measure, and print the table or write it into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--alone", action="store_true", help="before all other work of the machine (needs root)")
    arguments = parser.parse_args()
    if arguments.alone:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))  # who is started from here inherits it
    rates, absent = measured(arguments.runs)
    load = os.getloadavg()[0]
    said = (
        f"{QUESTIONS:,} questions about {len(IPS)} IPs at {len(ZONES)} lists; the median of {arguments.runs} runs "
        f"(dnspython: one), {os.cpu_count()} cores, "
        + ("before all other work" if arguments.alone else f"load {load:.1f} at the end")
        + ".\n"
    )
    missing = f"Not installed, so not measured: {', '.join(absent)}.\n" if absent else ""
    whole = f"{said}{missing}\n{table(rates)}"
    if arguments.write:
        text = DOCUMENT.read_text()
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        DOCUMENT.write_text(f"{before}{BEGIN}{whole}{END}{after}")
    else:
        print(whole, end="")


if __name__ == "__main__":
    main()
