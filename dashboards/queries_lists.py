"""What the Lists page asks the warehouse: how each list does, how fast it answers, what it says of us, who believes it.

`no data` is a list without a row. An unknown answer is told apart: it neither names an IP nor clears it.
"""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.span import Span

_WEEK = 604_800_000_000

_ROUNDS = """
SELECT list, toInt64(countIf(inside)) AS rounds, toInt64(countIf(inside AND healthy AND fault = '')) AS sound,
       toInt64(countIf(inside AND fault = 'refused')) AS refused, toInt64(countIf(inside AND fault = 'silent')) AS mute,
       toInt64(countIf(inside AND fault IN ('lists_most', 'outside_127'))) AS wild,
       toInt64(sumIf(questions, inside)) AS asked, toInt64(sumIf(silent, inside)) AS silence,
       toInt64(sumIf(failed, inside)) AS failures, sumForEachIf(answered, inside) AS times,
       toInt64(maxIf(slowest_us, inside)) AS slowest, argMax(healthy, place) AS votes, argMax(fault, place) AS wrong,
       argMax(reason, place) AS said, argMax(ip_version, place) AS version,
       if(max(at) = 0, NULL, fromUnixTimestamp64Micro(max(at), 'UTC')) AS last,
       if(argMax(next_at, place) = 0, NULL, fromUnixTimestamp64Micro(argMax(next_at, place), 'UTC')) AS again,
       quantileExactIf(0.5)(gap, gap > 0) AS usual
FROM
(
    SELECT *, (at, id) AS place, at > {since:Int64} AS inside,
           at - lagInFrame(at, 1, at) OVER (PARTITION BY list ORDER BY at
                                            ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS gap
    FROM (SELECT * FROM pool_observations FINAL
          WHERE type = 'list_health_observed' AND at > least({since:Int64}, {until:Int64} - {week:Int64})
                AND at <= {until:Int64})
)
GROUP BY list ORDER BY list LIMIT {limit:UInt32}
"""

_ANSWERS = """
SELECT list, toInt64(count()) AS told, toInt64(countIf(answer = 'unknown')) AS unknown, any(domains) AS of_domains,
       argMax(weight, at) AS weighs, argMax(scope, at) AS blames
FROM
(
    SELECT list, answer, weight, scope, at, type = 'domain_listing_observed' AS domains
    FROM pool_observations FINAL
    WHERE type IN ('listing_observed', 'domain_listing_observed') AND at > {since:Int64} AND at <= {until:Int64}
)
GROUP BY list ORDER BY list LIMIT {limit:UInt32}
"""

_NOW = """
SELECT list, toInt64(countIf(newest = 'listed' AND NOT position(subject, ':') AND NOT domains)) AS four,
       toInt64(countIf(newest = 'listed' AND position(subject, ':') > 0)) AS six,
       toInt64(countIf(newest = 'listed' AND domains)) AS names, toInt64(countIf(newest = 'unknown')) AS open,
       toInt64(count()) AS subjects
FROM
(
    SELECT list, if(type = 'listing_observed', ip, domain) AS subject, type = 'domain_listing_observed' AS domains,
           argMax(answer, at) AS newest
    FROM pool_observations
    WHERE type IN ('listing_observed', 'domain_listing_observed')
          AND at > {until:Int64} - if(type = 'listing_observed', 172800000000, 1209600000000) AND at <= {until:Int64}
    GROUP BY list, subject, domains
)
GROUP BY list ORDER BY list LIMIT {limit:UInt32}
"""

_TRUST = """
SELECT pool, list, argMax(type, (at, id)) = 'list_distrusted' AS lost, argMax(fault, (at, id)) AS wrong,
       fromUnixTimestamp64Micro(max(at), 'UTC') AS since,
       arrayStringConcat(arrayMap(e -> e.text, argMax(evidence, (at, id))), '; ') AS why
FROM pool_events FINAL WHERE type IN ('list_distrusted', 'list_trusted') AND at <= {until:Int64}
GROUP BY pool, list ORDER BY list, pool LIMIT {limit:UInt32}
"""

_CAUSED = """
SELECT list, toInt64(uniqExactIf((pool, ip, at), type = 'ip_withdrawn' AND kind = 'dnsbl')) AS withdrawals,
       toInt64(uniqExactIf((pool, ip, at), kind = 'doubted')) AS taken_back
FROM
(
    SELECT type, pool, ip, at, splitByChar('/', each.rule)[1] AS kind, splitByChar('/', each.rule)[2] AS list
    FROM pool_events FINAL ARRAY JOIN evidence AS each
    WHERE ip != '' AND mode = '' AND at > {since:Int64} AND at <= {until:Int64}
)
WHERE list != '' AND kind IN ('dnsbl', 'doubted')
GROUP BY list ORDER BY list LIMIT {limit:UInt32}
"""

_AGREED = """
WITH named AS
(
    SELECT DISTINCT list, ip FROM pool_observations
    WHERE type = 'listing_observed' AND answer = 'listed' AND at > {since:Int64} AND at <= {until:Int64}
),
lists AS (SELECT ip, groupUniqArray(list) AS by FROM named GROUP BY ip),
replies AS
(
    SELECT ip, groupUniqArray(named) AS services FROM pool_observations
    WHERE type = 'replies_counted' AND kind IN ('listed', 'reputation') AND at > {since:Int64} AND at <= {until:Int64}
    GROUP BY ip
)
SELECT list, toInt64(count()) AS ips, toInt64(countIf(length(lists.by) > 1)) AS by_lists,
       toInt64(countIf(notEmpty(replies.services))) AS by_replies,
       toInt64(countIf(length(lists.by) > 1 OR notEmpty(replies.services))) AS agreed
FROM named JOIN lists ON named.ip = lists.ip LEFT JOIN replies ON named.ip = replies.ip
GROUP BY list ORDER BY list LIMIT {limit:UInt32}
"""

_HISTORY = """
SELECT at, healthy AS votes, fault AS wrong, reason AS said, ip_version AS version, toInt64(questions) AS asked,
       toInt64(silent) AS silence, toInt64(failed) AS failures, answered AS times, toInt64(slowest_us) AS slowest
FROM pool_observations FINAL
WHERE type = 'list_health_observed' AND list = {list:String} AND at > {since:Int64} - 172800000000
      AND at <= {until:Int64}
ORDER BY at DESC, id LIMIT {limit:UInt32}
"""

_TURNS = """
SELECT pool, at, id, type = 'list_distrusted' AS lost, fault AS wrong,
       arrayStringConcat(arrayMap(e -> e.text, evidence), '; ') AS why
FROM pool_events FINAL
WHERE type IN ('list_distrusted', 'list_trusted') AND list = {list:String} AND at <= {until:Int64}
ORDER BY pool, at DESC, id LIMIT {limit:UInt32} BY pool LIMIT 2000
"""

_LISTINGS = """
SELECT subject, fromUnixTimestamp64Micro(first, 'UTC') AS began, before > 0 AS seen_begin,
       fromUnixTimestamp64Micro(final, 'UTC') AS named,
       if(ended = 0, NULL, fromUnixTimestamp64Micro(ended, 'UTC')) AS until, codes, reason
FROM
(
    SELECT subject, turn, first, final, clean AS before, codes, reason,
           leadInFrame(clean) OVER (PARTITION BY subject ORDER BY turn
                                    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS ended
    FROM
    (
        SELECT subject, turn, minIf(at, listed) AS first, maxIf(at, listed) AS final, minIf(at, NOT listed) AS clean,
               argMaxIf(codes, at, listed) AS codes, argMaxIf(reason, at, listed) AS reason
        FROM
        (
            SELECT if(type = 'listing_observed', ip, domain) AS subject, at, answer = 'listed' AS listed, codes, reason,
                   sum(answer != 'listed') OVER (PARTITION BY if(type = 'listing_observed', ip, domain) ORDER BY at)
                       AS turn
            FROM pool_observations FINAL
            WHERE type IN ('listing_observed', 'domain_listing_observed') AND list = {list:String}
                  AND answer IN ('listed', 'not_listed') AND at > {until:Int64} - {back:Int64} AND at <= {until:Int64}
        )
        GROUP BY subject, turn
    )
)
WHERE first > 0 ORDER BY until IS NOT NULL, first DESC, subject LIMIT {limit:UInt32}
"""

_CODES = """
SELECT answer, codes, argMax(reason, at) AS newest, toInt64(count()) AS times,
       toInt64(uniqExact(if(type = 'listing_observed', ip, domain))) AS subjects,
       fromUnixTimestamp64Micro(max(at), 'UTC') AS last, argMax(removal, at) AS way,
       argMax(lasts, at) AS stays, toInt64(argMax(lasts_hours, at)) AS hours
FROM pool_observations FINAL
WHERE type IN ('listing_observed', 'domain_listing_observed') AND list = {list:String} AND answer != 'not_listed'
      AND at > {since:Int64} AND at <= {until:Int64}
GROUP BY answer, codes, if(answer = 'unknown', reason, '') ORDER BY answer, last DESC, codes, newest
LIMIT {limit:UInt32}
"""

_CLOCKS = """
SELECT pool, clock, fromUnixTimestamp64Micro(max(at), 'UTC') AS last, argMax(id, (at, id)) AS decision,
       arrayStringConcat(arrayMap(e -> e.text, argMax(evidence, (at, id))), '; ') AS why
FROM pool_events FINAL WHERE type = 'clock_distrusted' AND at > {since:Int64} AND at <= {until:Int64}
GROUP BY pool, clock ORDER BY last DESC, pool LIMIT 20
"""


def _range(span: Span, limit: int) -> dict[str, int]:
    return {"since": span.since, "until": span.until, "limit": limit}


def rounds(client: Client, span: Span, limit: int = 1000) -> pd.DataFrame:
    """Return each list that was asked within the span or a week, with its newest round and what its rounds came to.

    `times` counts the answers of the span up to each of `ANSWER_MS`, `slowest` is in µs, `usual` the median of the µs
    from one round to the next.
    """
    columns = (
        *("list", "rounds", "sound", "refused", "mute", "wild", "asked", "silence", "failures", "times", "slowest"),
        *("votes", "wrong", "said", "version", "last", "again", "usual"),
    )
    return frame(client, _ROUNDS, columns, week=_WEEK, **_range(span, limit))


def answers(client: Client, span: Span, limit: int = 1000) -> pd.DataFrame:
    """Return how many answers each list gave within the span, and how many of them said nothing (`unknown`)."""
    columns = ("list", "told", "unknown", "of_domains", "weighs", "blames")
    return frame(client, _ANSWERS, columns, **_range(span, limit))


def now(client: Client, span: Span, limit: int = 1000) -> pd.DataFrame:
    """Return how many IPv4, IPv6 and domains each list names by its newest answers, and of how many none is known.

    About IPs they are of two days at most, about domains of fourteen.
    """
    columns = ("list", "four", "six", "names", "open", "subjects")
    return frame(client, _NOW, columns, until=span.until, limit=limit)


def trust(client: Client, span: Span, limit: int = 1000) -> pd.DataFrame:
    """Return whether each list has its vote in each pool that ever took it, since when, and why."""
    return frame(client, _TRUST, ("pool", "list", "lost", "wrong", "since", "why"), until=span.until, limit=limit)


def caused(client: Client, span: Span, limit: int = 1000) -> pd.DataFrame:
    """Return how many withdrawals each list is evidence of, and how often that was taken back as doubted."""
    return frame(client, _CAUSED, ("list", "withdrawals", "taken_back"), **_range(span, limit))


def agreed(client: Client, span: Span, limit: int = 1000) -> pd.DataFrame:
    """Return of how many IPs that each list named another list, or a provider's reply, spoke against them as well."""
    return frame(client, _AGREED, ("list", "ips", "by_lists", "by_replies", "agreed"), **_range(span, limit))


def history(client: Client, span: Span, name: str, limit: int = 5000) -> pd.DataFrame:
    """Return the rounds of a list (`at` in µs), the newest first, and those of two days before the span."""
    columns = ("at", "votes", "wrong", "said", "version", "asked", "silence", "failures", "times", "slowest")
    return frame(client, _HISTORY, columns, list=name, **_range(span, limit))


def turns(client: Client, span: Span, name: str, limit: int = 200) -> pd.DataFrame:
    """Return when a list lost its vote in each pool, or had it again (`at` in µs), the newest first."""
    columns = ("pool", "at", "id", "lost", "wrong", "why")
    return frame(client, _TURNS, columns, list=name, until=span.until, limit=limit)


def listings(client: Client, span: Span, name: str, limit: int = 500) -> pd.DataFrame:
    """Return from when to when a list named each of our IPs or domains, by its answers of seven days, or of the span.

    `seen_begin` is false where it named it in the first answer of that time; `until` NaT where it was not seen to end:
    `named` is when it was last said. Unknown answers neither end a listing nor begin one.
    """
    columns = ("subject", "began", "seen_begin", "named", "until", "codes", "reason")
    back = max(_WEEK, span.until - span.since)
    return frame(client, _LISTINGS, columns, list=name, until=span.until, back=back, limit=limit)


def codes(client: Client, span: Span, name: str, limit: int = 100) -> pd.DataFrame:
    """Return what a list said beside "not listed": listings by code, unknown answers by reason, and the way out."""
    columns = ("answer", "codes", "newest", "times", "subjects", "last", "way", "stays", "hours")
    return frame(client, _CODES, columns, list=name, **_range(span, limit))


def clocks(client: Client, span: Span) -> pd.DataFrame:
    """Return which clocks were not believed within the span, and why: what they dated counts as of when it came."""
    return frame(client, _CLOCKS, ("pool", "clock", "last", "decision", "why"), since=span.since, until=span.until)
