"""What each answer of the DNS comes to, of Knot itself and through a BIND that forwards: unknown is never clean."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import dns.flags
import dns.message
import dns.rrset
import pytest

from collectors.domainwatch.ask import ask
from schemas.domain_events import CustomerDomainChecked
from schemas.domain_list import Listed
from schemas.settings import Settings
from tests.bind import Bind
from tests.liar import Liar, reply
from tests.parts import require
from tests.real.resolver_lab import Forwarder, Knot

SPF = '@ TXT "v=spf1 ip4:192.0.2.0/24 -all"\n'
PADDING = "\n".join(
    f'@ TXT "verification={number:02d}{"x" * 240}"' for number in range(16)
)  # 4 KB: more than UDP takes
KEY = 's1._domainkey TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="\n'
DMARC = '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:d@good.example"\n'
ZONES = {
    "example": "ns A 192.0.2.53\nhost.empty A 192.0.2.80\n",
    "good.example": f"@ MX 10 mx\n{SPF}{KEY}{DMARC}",
    "large.example": f"@ MX 10 mx\n{SPF}{PADDING}\n{KEY}{DMARC.replace('good', 'large')}",
    "parent.example": "delegated NS ns.elsewhere.net.\n",
    "nodata.example": "@ MX 10 mx\ns1._domainkey A 192.0.2.9\n_dmarc A 192.0.2.9\n",
    "broken.example": "broken",
    "foreign.example": f"@ MX 10 mx\n{SPF}s1._domainkey CNAME s1.elsewhere.net.\n{DMARC}",
    "partly.example": f'@ MX 10 mx\n@ TXT "v=spf1 include:spf.broken.example -all"\n{KEY}'
    "_dmarc CNAME _dmarc.broken.example.\n",
}
SORTS = ("mx", "spf", "dkim", "dmarc")
ALL_UNKNOWN = dict.fromkeys(SORTS, "unknown")


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    """Give the ports of servers by name; `silent` takes questions and never answers."""
    named, knotd = require("named", "bind9"), require("knotd", "knot")
    with ExitStack() as stack:
        knot = stack.enter_context(Knot(knotd, ZONES))
        bind = stack.enter_context(Bind(named, ZONES))
        silent = stack.enter_context(Liar(lambda _query, _count: []))
        yield {
            "knot": knot.port,
            "bind": bind.port,
            "forwarder": stack.enter_context(Forwarder(named, knot.port)).port,
            "silent": silent.port,
            "silent behind": stack.enter_context(Forwarder(named, silent.port)).port,
            "refusing": stack.enter_context(Forwarder(named, knot.port, allowed="none")).port,
        }


def _look(port: int, domain: str, folder: Path, seconds: float = 4.0) -> CustomerDomainChecked:
    settings = Settings.model_validate(
        {
            "data": str(folder),
            "dnsbl": {"port": port, "timeout_seconds": seconds},
            "pool": {"main": {"transports": {"out1": "192.0.2.1"}}},
            "domains": {"dkim_selectors": ["s1"], "queries_per_second": 1000.0},
        }
    )
    (event,) = ask([Listed(domain)], settings)
    return event


def _outcomes(event: CustomerDomainChecked) -> dict[str, str]:
    return {name: getattr(event, name) for name in SORTS}


SERVERS = ("knot", "bind", "forwarder")


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(
    ("domain", "outcomes"),
    [
        ("good.example", dict.fromkeys(SORTS, "pass")),
        ("large.example", dict.fromkeys(SORTS, "pass")),  # truncated, and asked again by TCP
        ("nodata.example", {"mx": "pass", "spf": "absent", "dkim": "absent", "dmarc": "absent"}),
        ("broken.example", ALL_UNKNOWN),
        ("delegated.parent.example", ALL_UNKNOWN),  # a referral of who has authority, SERVFAIL of who forwards
        ("foreign.example", {"mx": "pass", "spf": "pass", "dkim": "unknown", "dmarc": "advice"}),
        ("partly.example", {"mx": "pass", "spf": "unknown", "dkim": "pass", "dmarc": "unknown"}),
    ],
)
def test_each_answer_has_its_verdict(
    server: str, domain: str, outcomes: dict[str, str], ports: dict[str, int], tmp_path: Path
) -> None:
    assert _outcomes(_look(ports[server], domain, tmp_path)) == outcomes


@pytest.mark.parametrize("server", SERVERS)
def test_a_name_that_is_not_is_told_from_one_without_such_a_record(
    server: str, ports: dict[str, int], tmp_path: Path
) -> None:
    gone = _look(ports[server], "gone.good.example", tmp_path)  # NXDOMAIN
    assert [(each.outcome, each.code) for each in gone.checks] == [("fail", "no_such_domain")]
    assert gone.questions == 1
    empty = _look(ports[server], "empty.example", tmp_path)  # NODATA of an empty non-terminal (RFC 8020)
    assert (empty.mx, empty.spf, empty.outcome) == ("absent", "absent", "absent")


@pytest.mark.parametrize(
    ("server", "seconds"),
    [("refusing", 4.0), ("silent", 0.4), ("silent behind", 0.4)],
)
def test_who_refuses_or_stays_silent_makes_nothing_known(
    server: str, seconds: float, ports: dict[str, int], tmp_path: Path
) -> None:
    event = _look(ports[server], "good.example", tmp_path, seconds)
    assert (event.outcome, _outcomes(event)) == ("unknown", ALL_UNKNOWN)
    assert {each.outcome for each in event.checks} == {"unknown"}
    told = "no name server could tell (SERVFAIL or REFUSED)" if server == "refusing" else "no answer within 0.4 s"
    assert event.checks[0].text == f"The MX record could not be asked: {told}."


@pytest.mark.parametrize("server", ["knot", "bind"])
def test_a_name_that_the_server_has_no_authority_for_is_unknown(
    server: str, ports: dict[str, int], tmp_path: Path
) -> None:
    assert _outcomes(_look(ports[server], "elsewhere.net", tmp_path)) == ALL_UNKNOWN  # REFUSED


def test_a_truncated_answer_without_tcp_is_unknown_though_its_part_looks_like_all(tmp_path: Path) -> None:
    def truncated(query: dns.message.Message, _count: int) -> list[bytes]:
        answer = dns.message.from_wire(reply(query))
        answer.flags |= dns.flags.TC
        return [answer.to_wire()]

    with Liar(truncated) as liar:
        event = _look(liar.port, "good.example", tmp_path, 1.0)
    assert (event.outcome, _outcomes(event)) == ("unknown", ALL_UNKNOWN)


@pytest.mark.parametrize("code", ["SERVFAIL", "REFUSED", "FORMERR", "NOTIMP", "NOTAUTH"])
def test_no_error_code_is_an_answer(code: str, tmp_path: Path) -> None:
    with Liar(lambda query, _count: [reply(query, rcode=code)]) as liar:
        event = _look(liar.port, "good.example", tmp_path, 1.0)
    assert (event.outcome, _outcomes(event)) == ("unknown", ALL_UNKNOWN)


@pytest.mark.parametrize(
    ("end", "outcome", "code"),
    [
        ("TXT", "pass", "dkim_key"),
        ("NXDOMAIN", "fail", "dkim_dangling"),
        ("SERVFAIL", "unknown", "dkim_unknown"),
        ("CNAME", "unknown", "dkim_unknown"),  # again an alias alone: who knows how far it goes
    ],
)
def test_an_alias_that_the_server_did_not_follow_is_asked_to_its_end(
    end: str, outcome: str, code: str, tmp_path: Path
) -> None:
    def answering(query: dns.message.Message, _count: int) -> list[bytes]:
        name = query.question[0].name
        if name.labels[0] == b"s1":
            return [_alias(query, "key.elsewhere.example.")]
        if name.labels[0] != b"key":
            return [reply(query, texts=["of no use"])]
        if end == "CNAME":
            return [_alias(query, "further.elsewhere.example.")]
        return [reply(query, texts=[KEY.partition(" TXT ")[2]])] if end == "TXT" else [reply(query, rcode=end)]

    with Liar(answering) as liar:
        event = _look(liar.port, "good.example", tmp_path, 1.0)
    assert [(each.outcome, each.code) for each in event.checks if each.name == "dkim"] == [(outcome, code)]


def _alias(query: dns.message.Message, target: str) -> bytes:
    answer = dns.message.from_wire(reply(query))
    answer.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "CNAME", target))
    return answer.to_wire()
