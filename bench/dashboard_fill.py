"""A week of a large hoster, made by ClickHouse itself, for `bench.dashboard`: mails, logins, lists, decisions.

Of seven mail events four are delivery attempts, two submissions, one is a login; a million mailboxes send very
unequally, to 12 large providers and 300 small ones, through 200 IPs. It is stored in passes over all of the days, so
that parts overlap as those of the sink's partitions do; and a part of what is stored comes again, as after a crash.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from clickhouse_connect.driver.client import Client

from tests.turning import still, turn

SECOND = 1_000_000
DAY = 86_400 * SECOND
MAILBOXES = 1_000_000
IPS = 200
_PER_DELIVERY = 7 / 4
_CHUNK = 1_000_000
_PASS = 10_000_000
_AGAIN = 50_000
_LARGE = ("mail_events", "new_ways", "pool_observations")
# Without it each insert would collapse what it brings, which a merge does anyhow: a quarter of the time.
_PLAIN = {"optimize_on_insert": 0}
_QUIET_LOOKS = 3
_BUSY = """SELECT (SELECT count() FROM system.merges WHERE database = currentDatabase())
+ (SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done)"""
_UNCOUNTED = """SELECT (SELECT count() FROM mail_slot_days WHERE counted = 0)
+ (SELECT count() FROM pool_slot_days WHERE counted = 0)
+ (SELECT count() FROM customer_hours_due)"""
_MAILS = """
INSERT INTO mail_events (type, id, at, host, queue_id, sender, sender_kind, envelope_from, client_ip, sasl_method,
    message_id, size, recipients, recipient, provider, outcome, enhanced_status, reply, transport, outbound_ip,
    relay_host, relay_ip, relay_port, delay_ms, mailbox, service, method, tls,
    kafka_cluster, kafka_partition, kafka_offset)
WITH number * {passes:UInt64} + {lane:UInt64} AS n, number % 7 AS kind, kind < 4 AS delivery, kind IN (4, 5) AS mail,
     kind = 6 AS login,
     cityHash64(n, 1) AS dice, dice / 18446744073709551616. AS part,
     toUInt64(pow(part, 3) * {mailboxes:UInt64}) AS box,
     concat('user', toString(box), '@customer', toString(box % 50000), '.example') AS name,
     dice % 1000 AS luck, intDiv(dice, 1000) % 1000 AS way, intDiv(dice, 1000000) % 1000 AS fate,
     multiIf(luck < 300, 'google', luck < 450, 'microsoft', luck < 700,
             ['yahoo', 'united_internet', 'telekom', 'apple', 'freenet', 'orange', 'libero', 'seznam', 'wp', 'mail_ru']
             [luck % 10 + 1], concat('mx', toString(luck - 700), '.example')) AS target,
     toUInt64(pow(way / 1000, 1.5) * 200) AS relay,
     multiIf(fate < 930, 'sent', fate < 975, 'deferred', 'bounced') AS result
SELECT ['delivery_attempted', 'message_submitted', 'mailbox_authenticated'][multiIf(delivery, 1, mail, 2, 3)],
       concat(lower(hex(sipHash64({lane:UInt64} % 4))), '-', lower(leftPad(hex(n), 12, '0')), '-0'),
       {begin:Int64} + toInt64(intDiv(toInt128(n) * {length:Int64}, {events:Int64})),
       concat('mx', toString({lane:UInt64} % 4 + 1)), if(login, '', concat('4F', lower(hex(intDiv(n, 7))))),
       if(login, '', name), if(login, '', 'sasl'), if(login, '', name),
       if(delivery, '', concat('198.51.', toString(box % 256), '.', toString(dice % 3))),
       if(mail, 'PLAIN', ''), if(mail, concat(lower(hex(dice)), '@customer.example'), ''), if(mail, 15000 + luck, 0),
       if(mail, 1 + way % 3, 0), if(delivery, concat('someone', toString(dice % 9999991), '@', target, '.example'), ''),
       if(delivery, target, ''), multiIf(delivery, result, login, if(fate < 970, 'succeeded', 'failed'), ''),
       multiIf(NOT delivery, '', result = 'sent', '2.0.0', result = 'deferred', '4.2.0', fate < 990, '5.1.1', '5.7.1'),
       multiIf(NOT delivery, '', result = 'sent', concat('250 2.0.0 OK ', toString(dice), ' - gsmtp'),
               result = 'deferred', '450 4.2.0 Greylisted, try again later',
               concat('550 5.7.1 Our system has detected that this is likely unsolicited mail ', toString(dice))),
       if(delivery, concat('out', toString(relay)), ''),
       if(delivery, concat('192.0.', toString(2 + intDiv(relay, 100)), '.', toString(relay % 100 + 1)), ''),
       if(delivery, concat('mx.', target, '.example'), ''),
       if(delivery, concat('203.0.113.', toString(luck % 250)), ''),
       if(delivery, 25, 0), if(delivery, 300 + way, 0), if(login, name, ''),
       if(login, ['imap', 'pop3', 'smtp'][way % 3 + 1], ''), if(login, 'PLAIN', ''), login AND way > 50,
       'bench', {lane:UInt64}, intDiv(number, 500)
FROM numbers({first:UInt64}, {count:UInt64})
"""
_SOURCES = """
INSERT INTO mail_events (type, id, at, source, name, host)
SELECT 'source_opened', concat(lower(hex(sipHash64(number))), '-000000000000-0'), {begin:Int64},
       lower(hex(sipHash64(number))), concat('mx', toString(number + 1)), concat('mx', toString(number + 1))
FROM numbers(4)
"""
_COUNTS = """
INSERT INTO pool_observations (type, id, at, partition, ip, provider, sent, deferred, bounced, first_at, last_at)
WITH number AS n, cityHash64(n, 2) AS dice, dice % 200 AS relay
SELECT 'traffic_counted', concat('t', lower(hex(n))),
       {begin:Int64} + toInt64(intDiv(toInt128(n) * {length:Int64}, {counts:Int64})) AS moment,
       dice % 4, concat('192.0.', toString(2 + intDiv(relay, 100)), '.', toString(relay % 100 + 1)),
       if(dice % 10 < 7, ['google', 'microsoft', 'yahoo', 'telekom'][intDiv(dice, 10) % 4 + 1],
          concat('mx', toString(intDiv(dice, 1000) % 300), '.example')),
       1 + dice % 9, dice % 31 = 0, dice % 37 = 0, moment - 1000000, moment
FROM numbers({first:UInt64}, {count:UInt64})
"""
_REPLIES = """
INSERT INTO pool_observations (type, id, at, partition, ip, provider, kind, named, reason, text, count, first_at,
    last_at)
WITH number AS n, cityHash64(n, 3) AS dice, dice % 200 AS relay
SELECT 'replies_counted', concat('r', lower(hex(n))),
       {begin:Int64} + toInt64(intDiv(toInt128(n) * {length:Int64}, {counts:Int64})) AS moment,
       dice % 4, concat('192.0.', toString(2 + intDiv(relay, 100)), '.', toString(relay % 100 + 1)),
       ['google', 'microsoft', 'yahoo', 'telekom'][intDiv(dice, 10) % 4 + 1],
       ['unknown', 'reputation', 'greylisted', 'volume', 'listed'][dice % 5 + 1], '',
       ['user_unknown', 'mailbox_full', 'content', 'reputation', 'rate'][intDiv(dice, 5) % 5 + 1],
       concat('550 5.7.1 Refused by rule ', toString(intDiv(dice, 77) % 3000)), 1 + dice % 3, moment - 1000000, moment
FROM numbers({first:UInt64}, {count:UInt64})
"""
_LISTS = """
INSERT INTO pool_observations (type, id, at, ip, list, answer, scope, weight, ttl_seconds)
WITH number % 200 AS relay, intDiv(number, 200) % 40 AS list, intDiv(number, 8000) AS round
SELECT 'listing_observed', concat('l', lower(hex(number))),
       {begin:Int64} + toInt64(round) * 3600000000 + list * 1000000,
       concat('192.0.', toString(2 + intDiv(relay, 100)), '.', toString(relay % 100 + 1)),
       concat('list', toString(list)),
       if(cityHash64(relay, list, intDiv(round, 100)) % 200 = 0, 'listed', 'not_listed'), 'ip', 1., 300
FROM numbers({count:UInt64})
"""
_POOL = """
INSERT INTO pool_events (type, id, at, pool, ip, until, share, evidence)
WITH cityHash64(number, 4) AS dice, dice % 200 AS relay
SELECT if(number % 2 = 0, 'ip_withdrawn', 'ip_restored'), concat('p', toString(number)),
       {begin:Int64} + toInt64(intDiv(number * {length:Int64}, {count:Int64})), 'main',
       concat('192.0.', toString(2 + intDiv(relay, 100)), '.', toString(relay % 100 + 1)), 0, 1.,
       [('listed', 'list3 names it', 1., 0., 1.)]
FROM numbers({count:UInt64})
"""
_DECIDED = """
INSERT INTO mailbox_events (type, id, at, mailbox, score, step, mode, evidence)
WITH cityHash64(number, 5) AS dice, dice % 1000000 AS box
SELECT ['mailbox_flagged', 'mailbox_flagged', 'mailbox_suspended', 'mailbox_released'][dice % 4 + 1],
       concat('m', toString(number)),
       {begin:Int64} + toInt64(intDiv(number * {length:Int64}, {count:Int64})),
       concat('user', toString(box), '@customer', toString(box % 50000), '.example'), 10. + dice % 90,
       ['watch', 'flag', 'suspend', ''][dice % 4 + 1], 'propose',
       [('networks', '41 networks in 10 min, usually 2', 41., 2., 30.), ('unknown', '22 % unknown users', 22., 1., 20.)]
FROM numbers({count:UInt64})
"""
_SCORES = """
INSERT INTO mailbox_state (mailbox, at, score, step, state)
SELECT concat('user', toString(number), '@customer', toString(number % 50000), '.example'), {until:Int64},
       cityHash64(number) % 1000 / 10, if(cityHash64(number) % 500 = 0, 'watch', ''), repeat(hex(number), 40)
FROM numbers({mailboxes:UInt64})
"""
_COMPLAINTS = """
INSERT INTO complaints (type, id, at, feedback_type, sender, attribution, confidence, outbound_ip, reporter, recipient)
WITH cityHash64(number, 6) AS dice, dice % 1000000 AS box, dice % 200 AS relay
SELECT 'complaint_received', concat('c', toString(number)),
       {begin:Int64} + toInt64(intDiv(number * {length:Int64}, {count:Int64})), 'abuse',
       if(dice % 5 = 0, '', concat('user', toString(box), '@customer', toString(box % 50000), '.example')),
       if(dice % 5 = 0, '', 'message_id'), 1.,
       concat('192.0.', toString(2 + intDiv(relay, 100)), '.', toString(relay % 100 + 1)),
       'fbl@provider.example', 'someone@provider.example'
FROM numbers({count:UInt64})
"""
_DEAD = """
INSERT INTO dead_letters (type, id, at, name, reason, text, place)
SELECT 'dead_letter', concat('d', toString(number)),
       {begin:Int64} + toInt64(intDiv(number * {length:Int64}, {count:Int64})),
       'mx1', 'no status', repeat(hex(number), 20), toString(number)
FROM numbers({count:UInt64})
"""


def mailbox(number: int) -> str:
    """Return the name of the mailbox of this number; those of low numbers send most."""
    return f"user{number}@customer{number % 50_000}.example"


def fill(  # noqa: PLR0913 a week has this many sides
    client: Client,
    deliveries: int,
    until: int,
    days: int,
    *,
    mailboxes: int = MAILBOXES,
    told: Callable[[int], None] = lambda _rows: None,
) -> int:
    """Store so many delivery attempts, and what belongs to them, of the days before `until`; return the mail events.

    `told` gets the number of mail events after each pass.
    """
    span = {"begin": until - days * DAY, "length": days * DAY}
    client.command(_SOURCES, parameters=span)
    _rest(client, span, deliveries, until, mailboxes)
    passes = max(1, deliveries // _PASS)
    rows = int(deliveries * _PER_DELIVERY) // passes
    mails = {**span, "events": rows * passes, "passes": passes, "mailboxes": mailboxes}

    def store(lane: int, first: int, count: int) -> None:
        parameters = {**mails, "lane": lane, "first": first, "count": count}
        client.command(_MAILS, parameters=parameters, settings=_PLAIN)

    with _still(client):
        for lane in range(passes):
            with ThreadPoolExecutor(2) as two:
                chunks = range(0, rows, _CHUNK)
                for done in [two.submit(store, lane, first, min(_CHUNK, rows - first)) for first in chunks]:
                    done.result()
            store(lane, 0, min(_AGAIN, rows))
            told((lane + 1) * rows)
    return rows * passes


@contextmanager
def _still(client: Client) -> Iterator[None]:
    """Have nothing merged and counted meanwhile: a hoster's week comes in a week, and not in half an hour."""
    still(client, str(client.database))
    for table in _LARGE:
        client.command(f"SYSTEM STOP MERGES {table}")
    try:
        yield
    finally:
        for table in _LARGE:
            client.command(f"SYSTEM START MERGES {table}")


def settle(client: Client, seconds: float = 3600.0) -> None:
    """Wait until all days are counted and nothing is merged any more, as it is of a week that came in a week.

    TimeoutError where that takes longer.
    """
    deadline = time.monotonic() + seconds
    while client.command(_UNCOUNTED):
        turn(client)
        _in_time(deadline)
    quiet = 0
    while quiet < _QUIET_LOOKS:
        quiet = 0 if client.command(_BUSY) else quiet + 1
        time.sleep(1)
        _in_time(deadline)


def _in_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError("the counts and merges of the tables have not come to their end")


def _rest(client: Client, span: dict[str, int], deliveries: int, until: int, mailboxes: int) -> None:
    """Store what the worker, the lists and the people made of it."""
    for statement, counts in ((_COUNTS, deliveries // 20), (_REPLIES, deliveries // 200)):
        for first in range(0, counts, _CHUNK):
            few = {"first": first, "count": min(_CHUNK, counts - first), "counts": counts}
            client.command(statement, parameters={**span, **few})
    rounds = span["length"] // DAY * 24 if deliveries >= _CHUNK else 1
    client.command(_LISTS, parameters={**span, "count": rounds * 8000})
    few = {_POOL: 4000, _DECIDED: deliveries // 500, _COMPLAINTS: deliveries // 500, _DEAD: 2000}
    for statement, count in few.items():
        client.command(statement, parameters={**span, "count": count})
    client.command(_SCORES, parameters={"until": until, "mailboxes": mailboxes})
