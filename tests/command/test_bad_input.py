"""Whatever is wrong with what the command is given: one line that names it and its place, status 2, nothing lost."""

import gzip
import json
import lzma
import os
import socket
from pathlib import Path
from threading import Thread

import pytest

from tests.command.shell import ROOT, refusal, run, run_process

LINE = (
    "2026-03-01T10:00:05+00:00 mx1 postfix/qmgr[12]: 4F1qXz3: from=<a@example.net>, size=1000, nrcpt=1 (queue active)\n"
)
SOUND = "[pool.main.transports]\nout1 = '192.0.2.1'\n"


def _config(folder: Path, text: str) -> Path:
    path = folder / "relaywarden.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data = [", "no TOML: "),
        ("data = 'a'\ndata = 'b'\n", "no TOML: "),
        ("[kafka]\nbootstrp = ['x:1']\n", "kafka.bootstrp: no such setting"),
        ("tick_seconds = 'soon'\n", "tick_seconds: input should be a valid number, unable to parse"),
        ("tick_seconds = -1\n", "tick_seconds: input should be greater than 0 (is -1)"),
        ("[pool.main.transports]\nout1 = '192.0.2.256'\n", "pool.main.transports.out1: '192.0.2.256' is no IP address"),
        (
            "[mta.a]\nformat = 'postfix'\nlog = 'x'\ntimezone = 'Mars/Phobos'\n",
            "mta.a.timezone: 'Mars/Phobos' is no time",
        ),
        ("[networks]\n'192.0.2.1/24' = 'c'\n", "networks.192.0.2.1/24: '192.0.2.1/24' is no network"),
    ],
)
def test_a_wrong_configuration(tmp_path: Path, text: str, words: str) -> None:
    path = _config(tmp_path, text)
    for command in ("check", "collect"):
        assert refusal(run(command, "--config", path)).startswith(f"{path}: {words}")


def test_all_that_is_wrong_in_a_pool_is_named_at_once(tmp_path: Path) -> None:
    twice = "[pool.b.transports]\nout1 = '192.0.2.1'\nout2 = '192.0.2.1'\n[pool.c]\ntransports = {}\nmin_active = 0\n"
    text = (
        "[pool.a]\nmin_active = 3\nthreshold = 0\ncolour = 1\ntransports = {out1 = '192.0.2.1', out2 = '192.0.2.2'}\n"
    )
    said = refusal(run("stream", "--config", _config(tmp_path, text + twice)))
    for words in (
        "pool.a.min_active: 3 is more than the 2 IPs of the pool",
        "pool.a.threshold: input should be greater than 0",
        "pool.a.colour: no such setting",
        "pool.b.transports: 192.0.2.1 stands there twice",
        "pool.c.transports: a pool needs at least one",
        "pool.c.min_active: input should be greater than or equal to 1 (is 0)",
    ):
        assert words in said


def test_several_wrong_keys_are_named_at_once(tmp_path: Path) -> None:
    text = "colour = 'red'\n[kafka]\npartitions = 0\n[dnsbl]\nresolvers = ['here']\n" + SOUND.replace("192.0.2.1", "x")
    said = refusal(run("stream", "--config", _config(tmp_path, text)))
    for words in (
        "colour: no such setting",
        "kafka.partitions: input should be greater than or equal to 1 (is 0)",
        "dnsbl.resolvers.0: 'here' is no IP address",
        "pool.main.transports.out1: 'x' is no IP address",
    ):
        assert words in said


def test_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    assert (
        refusal(run("check", "--config", tmp_path / "none.toml")) == f"{tmp_path}/none.toml: No such file or directory"
    )
    assert refusal(run("check", "--config", tmp_path)) == f"{tmp_path}: Is a directory"
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"data = '\xff\xfe'\n")
    assert refusal(run("check", "--config", binary)) == f"{binary}: no UTF-8 at byte 8"


def test_an_unknown_log_format_in_the_configuration(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(LINE)
    text = f"data = '{tmp_path}/state'\n[mta.mx1]\nformat = 'sendmial'\nlog = '{log}'\n"
    said = refusal(run("collect", "--config", _config(tmp_path, text)))
    assert "mta.mx1.format: no " in said
    assert "'sendmial'; there are courier, " in said
    checked = run("check", "--config", _config(tmp_path, text))
    assert refusal(checked) == f"{tmp_path}/relaywarden.toml: 1 error"
    assert "no MTA log format 'sendmial'; there are courier, " in checked.stdout
    assert not list((tmp_path / "state" / "checkpoints").glob("*.json")), "nothing was read"


def test_a_geoip_database_that_cannot_be_used_stops_the_collector(tmp_path: Path) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text(f'data = "{tmp_path}"\n[geoip]\ndatabases = ["{config}"]')
    said = refusal(run("collect", "--config", config))
    assert said.startswith(f"geoip.databases: {config}: no GeoIP database: ")


def test_an_unknown_format_on_the_command_line(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(LINE)
    said = refusal(run("parse", "sendmial", log))
    assert said.startswith("no format 'sendmial'; there are auto, courier, ")
    known = said.partition("there are ")[2].split(", ")
    assert {"postfix", "exim", "dovecot", "arf", "bounce", "dmarc_aggregate"} <= set(known)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert refusal(run("parse", "postfix", tmp_path / "no.log")) == f"{tmp_path}/no.log: No such file or directory"
    assert refusal(run("parse", "postfix", tmp_path)) == f"{tmp_path}: Is a directory"
    log = tmp_path / "mail.log"
    log.write_text(LINE)
    assert refusal(run("parse", "postfix", log, "--master-cf", tmp_path)) == f"{tmp_path}: Is a directory"
    assert refusal(run("parse", "postfix", log, "--zone", "Nowhere")).startswith("--zone 'Nowhere': no time zone")
    assert refusal(run("parse", "postfix", log, "--transport", "out1")).startswith("--transport 'out1': say NAME=IP")


def test_a_file_without_permission(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(LINE)
    assert run("parse", "postfix", log).returncode == 0
    log.chmod(0)
    as_root = os.geteuid() == 0
    try:
        if as_root:
            for folder in (tmp_path, *tmp_path.parents[:2]):
                folder.chmod(0o755)
            os.seteuid(65534)
        assert refusal(run("parse", "postfix", log)) == f"{log}: Permission denied"
    finally:
        if as_root:
            os.seteuid(0)


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_text, args=(LINE,))
    writer.start()
    done = run("parse", "postfix", pipe)
    writer.join()
    assert done.returncode == 0
    assert done.stderr.startswith(f"{pipe}: 1 lines = 1 events (1 message_submitted)")


def test_damaged_archives_give_what_they_hold_before_the_damage(tmp_path: Path) -> None:
    whole = "".join(LINE.replace("4F1qXz3", f"{number:X}A") for number in range(20_000)).encode()
    for name, packed in (("mail.log.gz", gzip.compress(whole)), ("mail.log.xz", lzma.compress(whole))):
        path = tmp_path / name
        middle = len(packed) // 2
        for damaged in (packed[:-40], packed[:middle] + b"\xff" * 400 + packed[middle + 400 :]):
            path.write_bytes(damaged)
            done = run("parse", "postfix", path)
            assert refusal(done).startswith(f"{path}: a damaged archive: ")
            events = [json.loads(line) for line in done.stdout.splitlines()]
            assert len(events) > 1000
            assert {event["type"] for event in events[:1000]} == {"message_submitted"}
        path.write_bytes(b"no archive at all")
        assert refusal(run("parse", "postfix", path)).startswith(f"{path}: a damaged archive: ")


def test_binary_lines_are_counted_and_kept(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    lines = [b"\x00\x01\x02\xff\xfe\n", LINE.encode(), b"\x80" * 70_000 + b"\n", b"\n", LINE.encode()[:40] + b"\x00\n"]
    log.write_bytes(b"".join(lines))
    done = run("parse", "postfix", log, "--json")
    assert done.returncode == 0
    events = [json.loads(line) for line in done.stdout.splitlines()]
    counts = json.loads(done.stderr)
    assert counts["lines"] == len(lines)
    assert counts["lines"] == sum(counts["events"].values()) + sum(
        counts[kind] for kind in ("absorbed", "ignored", "dead_letters")
    )
    assert counts["events"] == {"message_submitted": 1}
    dead = [event for event in events if event["type"] == "dead_letter"]
    assert len(dead) == counts["dead_letters"] >= 2
    assert all(event["reason"] and event["place"].startswith(f"{log}/") for event in dead)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("192.0.2.999", "--list", "spamcop"), "'192.0.2.999' is no IP address"),
        (("fe80::1%eth0", "--list", "spamcop"), "'fe80::1%eth0' is an address on one network of this machine: no list"),
        (
            ("2001:db8::1", "2001:db8::2", "--list", "spamcop"),
            "2001:db8::1, 2001:db8::2: about IPv6 there is no answer from spamcop",
        ),
        (("192.0.2.1", "--list", "sem_ipv6"), "192.0.2.1: about IPv4 there is no answer from sem_ipv6"),
        (
            ("☃.example",),
            "'☃.example' is no IP address and no domain: Codepoint U+2603 at position 1 of '☃' not allowed",
        ),
        (("192.0.2.1", "--list", "spamcup"), "dnsbl.lists: no DNSBL 'spamcup'; there are "),
        (("192.0.2.1", "--list", "sorbs"), "dnsbl.lists: 'sorbs' must not be asked: SORBS was shut down"),
        (
            ("192.0.2.1", "--list", "spamcop", "--resolver", "dns.example"),
            "--resolver 'dns.example': say IP or IP:PORT",
        ),
        (("192.0.2.1", "--list", "spamcop", "--resolver", "127.0.0.1:x"), "--resolver '127.0.0.1:x': 'x' is no port"),
    ],
)
def test_lists_that_cannot_be_asked(words: tuple[str, ...], said: str) -> None:
    assert refusal(run("dnsbl", *words)).startswith(said)


def test_a_folder_that_holds_something_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert refusal(run("demo", "--write", tmp_path)) == f"{tmp_path}: not empty; name a new folder"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_dashboards_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = _config(
            tmp_path, f"data = '{tmp_path}'\n[dashboard]\nport = {port}\n[embedded]\ndata = '{tmp_path}/var'\n"
        )
        said = f"dashboard.port: 127.0.0.1:{port}: Address already in use"
        for command in ("dashboard", "up"):
            assert refusal(run(command, "--config", path)) == said
        assert refusal(run("up", "--demo", "--data", tmp_path / "demo", "--port", port)) == said


def test_the_socketmaps_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        hook = f"[pool.main.hooks.postfix_socketmap]\nport = {port}\nstate = '{tmp_path}/socketmap.json'\n"
        path = _config(tmp_path, f"data = '{tmp_path}'\n{SOUND}{hook}")
        said = refusal(run_process("hooks", "--config", path))
    place = "pool.main.hooks.postfix_socketmap.port"
    assert said == f"{place}: 127.0.0.1:{port}: Address already in use"


def test_a_rule_that_does_not_exist(tmp_path: Path) -> None:
    path = _config(tmp_path, "[mailboxes.rules]\nbrust = 'off'\n")
    log = tmp_path / "mail.log"
    log.write_text(LINE)
    for words in (("stream", "--config", path), ("backtest", path, "--log", f"postfix={log}")):
        assert refusal(run(*words)).startswith("mailboxes.rules: no rule brust; there are alike, awakened, burst, ")


def test_typers_own_usage_errors_end_with_2() -> None:
    for words in (
        ("nonsense",),
        ("parse",),
        ("pool", "withdraw", "192.0.2.1"),
        ("demo", "--write", "x", "--days", "0"),
    ):
        done = run(*words)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_a_process_tells_it_as_well(tmp_path: Path) -> None:
    path = _config(tmp_path, "tick = 1\n")
    assert refusal(run_process("collect", "--config", path)) == f"{path}: tick: no such setting"
    assert (ROOT / "relaywarden.py").exists()
