"""master.cf: which transport sends through which IP, and by name each transport of which that cannot be told."""

import subprocess
from pathlib import Path

import pytest

from collectors.mta.master_cf import Transports, read
from collectors.outbound import outbound_ips
from tests.command.shell import refusal, run
from tests.parts import require

HEAD = """
# ==========================================================================
# service type  private unpriv  chroot  wakeup  maxproc command + args
smtp      inet  n       -       y       -       -       smtpd
submission inet n       -       y       -       -       smtpd
  -o syslog_name=postfix/submission -o smtp_bind_address=192.0.2.99
smtp      unix  -       -       y       -       -       smtp
relay     unix  -       -       y       -       -       smtp
        -o syslog_name=postfix/$service_name
#       -o smtp_helo_timeout=5 -o smtp_connect_timeout=5
"""
MASTER = f"""{HEAD}
out1      unix  -       -       n       -       20      smtp
  -o smtp_bind_address=192.0.2.1 -o syslog_name=postfix/out1
  # a comment between
  -o smtp_helo_name=out1.example.net
out2      unix  -       -       n       -       20      smtp
  -o syslog_name=postfix-out2 -o smtp_bind_address6=2001:DB8::2
out3      unix  -       -       n       -       20      smtp
   -o {{ smtp_bind_address = 192.0.2.3 }} -o {{syslog_name=postfix/out3}} -o {{ smtp_helo_name = {{a b}} }}
out4      unix  -       -       n       -       20      smtp
  -o syslog_name=postfix/out4 -o smtp_bind_address=192.0.2.4 -o smtp_bind_address6=[2001:db8::4]
out5 unix - - n - - smtp -o syslog_name=postfix/$service_name -o smtp_bind_address=192.0.2.5
out6 unix - - n - - smtp -v -osyslog_name=postfix/${{service_name}}
  -vo smtp_bind_address=$(own) -o own=$other -o other=192.0.2.6
out7 unix - - n - - smtp -o{{syslog_name=postfix/out7}}
  -o {{smtp_bind_address=192.0.2.99}} -o smtp_bind_address=192.0.2.7
out8 unix - - n - - lmtp -o syslog_name=pool/${{service_name}}/$process_name -o lmtp_bind_address=192.0.2.8
out9 unix - - n - - smtp -o syslog_name=postfix/out9 -o smtp_bind_address=
short unix -
"""


def test_the_outbound_ips() -> None:
    assert read(MASTER).ips == {
        "out1": "192.0.2.1",
        "postfix-out2": "2001:db8::2",
        "out3": "192.0.2.3",
        "out4": "192.0.2.4",
        "out5": "192.0.2.5",
        "out6": "192.0.2.6",
        "out7": "192.0.2.7",
        "pool/out8/lmtp": "192.0.2.8",
    }
    assert read(MASTER).unresolved == {}
    assert read("out5 unix - - n - - smtp -o smtp_bind_address=192.0.2.5").ips == {"smtp": "192.0.2.5"}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("-o smtp_bind_address=$ip2", "smtp_bind_address = $ip2: master.cf does not tell $ip2"),
        ("-o smtp_bind_address=${ip2} -o ip2=$ip3", "smtp_bind_address = ${ip2}: master.cf does not tell $ip3"),
        ("-o smtp_bind_address=$ip2 -o smtp_bind_address6=2001:db8::2", "master.cf does not tell $ip2"),
        ("-o smtp_bind_address=${ip?192.0.2.2}", "smtp_bind_address = ${ip?192.0.2.2} cannot be resolved"),
        ("-o smtp_bind_address=$a -o a=$b -o b=$a", "smtp_bind_address = $a cannot be resolved"),
        ("-o smtp_bind_address=192.0.2.4,192.0.2.5", "smtp_bind_address = 192.0.2.4,192.0.2.5 is no IP address"),
        ("-o smtp_bind_address={192.0.2.4}", "smtp_bind_address = {192.0.2.4} is no IP address"),
        ("-o smtp_bind_address=out2.example.net", "smtp_bind_address = out2.example.net is no IP address"),
        ("-o smtp_bind_address=192.0.2.2 -o syslog_name=$mail_name/odd", "master.cf does not tell $mail_name"),
        ("-o {smtp_bind_address}={192.0.2.4}", "-o {smtp_bind_address}={192.0.2.4} is no name=value"),
        ("-o", "-o  is no name=value"),
        (
            "-o smtp_bind_address=192.0.2.2 -o syslog_name=postfix",
            "smtp, odd all log as 'smtp': it needs a syslog_name",
        ),
    ],
)
def test_a_transport_whose_ip_cannot_be_told_is_named_with_the_reason(arguments: str, why: str) -> None:
    told = read(f"{MASTER}odd unix - - n - - smtp -o syslog_name=postfix/odd {arguments}")
    assert list(told.unresolved) == ["odd"]
    assert why in told.unresolved["odd"]
    assert told.ips == read(MASTER).ips


def test_of_two_transports_that_log_alike_with_two_addresses_both_are_named() -> None:
    line = "{} unix - - n - - smtp -o syslog_name=postfix/twice -o smtp_bind_address={}\n"
    told = read(line.format("twice1", "192.0.2.6") + line.format("twice2", "192.0.2.7"))
    why = "twice1, twice2 all log as 'twice': it needs a syslog_name of its own"
    assert told == Transports({}, {"twice1": why, "twice2": why})
    assert read(line.format("twice1", "192.0.2.6") + line.format("twice2", "192.0.2.6")).ips == {"twice": "192.0.2.6"}


def test_debians_own_file_holds_no_pool() -> None:
    assert read(HEAD) == Transports({}, {})


@pytest.mark.real
def test_options_are_read_as_postfix_reads_them(tmp_path: Path) -> None:
    postconf = require("postconf", "postfix")
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\n")
    (tmp_path / "master.cf").write_text(MASTER.replace("short unix -\n", ""))
    done = subprocess.run([postconf, "-c", tmp_path, "-xP"], capture_output=True, text=True, check=True)
    found = dict(line.split(" = ") for line in done.stdout.splitlines() if "_bind_address = " in line)
    del found["submission/inet/smtp_bind_address"]
    ips = read(MASTER).ips
    assert found.pop("out8/unix/lmtp_bind_address") == ips.pop("pool/out8/lmtp")
    assert found == {f"{name}/unix/smtp_bind_address": ip for name, ip in ips.items() if name != "postfix-out2"}


@pytest.mark.parametrize("content", [b"", b"smtp inet n - y - - smtpd\n", bytes(range(256)) * 40, b"\x7fELF\x00\x00"])
def test_a_file_that_is_no_master_cf_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    file, log = tmp_path / "file", tmp_path / "mail.log"
    file.write_bytes(content)
    log.touch()
    said = f"--master-cf {file}: no smtp or lmtp service in it, so hardly a master.cf"
    assert refusal(run("parse", "postfix", log, "--master-cf", file)) == said


def test_an_unresolved_transport_can_be_told_by_hand() -> None:
    told = outbound_ips(None, ["out1=192.0.2.1", "out2=2001:DB8::2"])
    assert told == Transports({"out1": "192.0.2.1", "out2": "2001:db8::2"}, {})


def test_parse_says_which_transports_it_does_not_know(tmp_path: Path) -> None:
    file, log = tmp_path / "master.cf", tmp_path / "mail.log"
    file.write_text("out1 unix - - n - - smtp -o syslog_name=postfix/out1 -o smtp_bind_address=$ip1\n")
    log.touch()
    said = run("parse", "postfix", log, "--master-cf", file).stderr.splitlines()
    assert said[0] == f"relaywarden: {file}: out1: smtp_bind_address = $ip1: master.cf does not tell $ip1"
    told = run("parse", "postfix", log, "--master-cf", file, "--json").stderr
    assert '"unresolved":{"out1":"smtp_bind_address = $ip1: master.cf does not tell $ip1"}' in told
    known = run("parse", "postfix", log, "--master-cf", file, "--transport", "out1=192.0.2.1")
    assert "$ip1" not in known.stderr
    assert (known.returncode, len(known.stderr.splitlines())) == (0, 1)
