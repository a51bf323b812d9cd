"""SPF against the test suite of RFC 7208: right wherever it answers, unknown where it does not evaluate.

The suite (golden/spf/rfc7208-tests.yml, with its licence beside it) is that of openspf.org, release 2014.04.
"""

import asyncio
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from collectors import spf
from collectors.spf import Found, Verdict

SUITE = Path(__file__).parent / "golden" / "spf" / "rfc7208-tests.yml"
_NOT_EVALUATED = re.compile(r"(macros are|is) not evaluated$")


class Zone:
    """The data of a scenario as the DNS would tell it: each name's records, of which some never come."""

    def __init__(self, data: dict[str, list[Any]]) -> None:
        self._data = {name.lower().rstrip("."): records for name, records in data.items()}

    async def __call__(self, name: str, kind: spf.Kind) -> Found:
        records = self._data.get(name.lower().rstrip("."), [])
        for record in records:
            if isinstance(record, dict) and "CNAME" in record and record["CNAME"] != name:
                return await self(record["CNAME"], kind)
        told = self._of(records, kind)
        if kind == "TXT" and not any(isinstance(record, dict) and "TXT" in record for record in records):
            told = self._of(records, "SPF")  # the suite says once what both types hold
        return told

    def _of(self, records: list[Any], kind: str) -> Found:
        values: list[str] = []
        for record in records:
            value = "TIMEOUT" if record == "TIMEOUT" else record.get(kind, "NONE")
            if value == "TIMEOUT":
                return Found(tuple(values), "" if values else "no answer within 5 s")
            if value != "NONE":
                values.append(value[1] if kind == "MX" else "".join(value) if isinstance(value, list) else value)
        return Found(tuple(values))


def _cases() -> list[Any]:
    scenarios = [each for each in yaml.safe_load_all(SUITE.read_text(encoding="utf-8")) if each]
    return [
        pytest.param(Zone(scenario["zonedata"]), case, id=f"{scenario['description']}: {name}")
        for scenario in scenarios
        for name, case in scenario["tests"].items()
    ]


CASES = _cases()


def _verdict(zone: Zone, case: dict[str, Any]) -> Verdict:
    domain = case["mailfrom"].rpartition("@")[2] if case["mailfrom"] else case["helo"]
    return asyncio.run(spf.check(case["host"], domain, zone))


@pytest.mark.parametrize(("zone", "case"), CASES)
def test_the_verdict_is_that_of_the_suite_or_unknown(zone: Zone, case: dict[str, Any]) -> None:
    right = [case["result"]] if isinstance(case["result"], str) else case["result"]
    verdict = _verdict(zone, case)
    if verdict.result == "unknown":
        assert _NOT_EVALUATED.search(verdict.reason)
    else:
        assert verdict.result in right, verdict


def test_most_of_the_suite_is_evaluated() -> None:
    results = Counter(_verdict(*case.values).result == "unknown" for case in CASES)
    assert results == {False: 184, True: 19}


@given(st.text(max_size=300), st.sampled_from(["192.0.2.1", "2001:db8::1"]))
def test_no_record_ends_it_or_passes_by_accident(text: str, ip: str) -> None:
    async def lookup(name: str, kind: spf.Kind) -> Found:
        return Found((f"v=spf1 {text}",)) if (name, kind) == ("example.net", "TXT") else Found()

    verdict = asyncio.run(spf.check(ip, "example.net", lookup))
    terms = text.lower().split(" ")
    assert verdict.result != "pass" or any(re.fullmatch(r"\+?(all|ip[46]:.*)", term) for term in terms)


def test_what_is_no_ip_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        asyncio.run(spf.check("mail.example.net", "example.net", Zone({})))
