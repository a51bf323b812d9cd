"""How fast a list answers: what a round's event tells of its questions, counted in memory and against a server."""

import asyncio

import dns.message
import msgspec

from collectors.asking import Exchange
from collectors.dnsbl import Dnsbl
from collectors.dnswire import Said
from collectors.listround import ListAsker, Round
from collectors.pace import Pace
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.observations import ANSWER_MS, ListHealthObserved
from tests.liar import Liar, honest, is_test, reply

ROUND = ListHealthObserved(id="x", at=1, list="mine", healthy=True)
SILENT = Said(failure="no answer in 2 s", fault="silent")
REFUSED = Said(failure="no answer: REFUSED", fault="refused")


def test_each_answer_counts_up_to_its_limit_and_what_says_nothing_counts_apart() -> None:
    pace = Pace()
    for milliseconds in (0.5, 0.6, 1.0, 7.0, 7.1, 9.9):
        pace.ended(Said(values=("127.0.0.2",)), milliseconds / 1000)
    for said in (SILENT, SILENT, REFUSED):
        pace.ended(said, 2.0)
    told = pace.told(ROUND)
    assert (told.questions, told.silent, told.failed, told.slowest_us) == (9, 2, 1, 9900)
    assert dict(zip(ANSWER_MS, told.answered, strict=False)) == {0.5: 1, 1: 2, 2: 0, 3: 0, 5: 0, 7: 1, 10: 2}
    assert pace.told(ROUND) == ROUND, "a round is counted once, and one without questions says nothing"


def test_what_took_longer_than_every_limit_has_the_last_place() -> None:
    pace = Pace()
    pace.ended(Said(), 5.001)
    assert pace.told(ROUND).answered == (0,) * len(ANSWER_MS) + (1,)


def test_a_round_tells_what_became_of_its_questions() -> None:
    def answering(query: dns.message.Message, _: int) -> list[bytes]:
        name = query.question[0].name.to_text().lower()
        if name.startswith("3."):
            return []
        return [reply(query, rcode="REFUSED") if name.startswith("4.") else honest(query)]

    dnsbl = Dnsbl(name="mine", zone="bl.example.net", operator="own", weight=1.0, listed={"127.0.0.2": "trap"})

    async def rounds(port: int) -> list[ListHealthObserved]:
        asker, exchange = ListAsker(dnsbl, Settings(port=port, timeout_seconds=0.7, queries_per_second=0)), Exchange()
        ips = [f"198.51.100.{number}" for number in range(1, 6)]
        asked = [(await asker.ask(ips, exchange, Round(at=number, number=number))).events[0] for number in (1, 2)]
        await exchange.close()
        return [msgspec.convert(each, ListHealthObserved, from_attributes=True) for each in asked]

    with Liar(answering) as liar:
        found = asyncio.run(rounds(liar.port))
        assert sum(is_test(query) for query, _ in liar.queries) == 2
    for told in found:
        assert (told.questions, told.silent, told.failed, sum(told.answered)) == (7, 1, 1, 5)
        assert 0 < told.slowest_us < 700_000
