"""What the Reports page asks: what receivers report of our IPs, and of the domains that mail is sent for."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.span import Span

_IPS = """
SELECT ip, toInt64(sumIf(messages, dmarc_row)) AS mails,
       toInt64(sumIf(messages, dmarc_row AND 'pass' IN (dkim, spf))) AS passed,
       toInt64(uniqExactIf(reporter, dmarc_row)) AS reporters,
       argMaxIf(filter_result, (at, id), snds_day) AS snds, argMaxIf(complaint_rate, (at, id), snds_day) AS complaints,
       toInt64(sumIf(trap_hits, snds_day)) AS traps, argMaxIf(blocked, (at, id), blocked != '') AS blocked_,
       argMaxIf(comment, (at, id), blocked != '') AS comment_,
       argMaxIf(text, (at, id), metric = 'ip_reputation') AS google, fromUnixTimestamp64Micro(max(at), 'UTC') AS time
FROM (SELECT *, type = 'dmarc_reported' AS dmarc_row, type = 'snds_reported' AND blocked = '' AS snds_day
      FROM reports FINAL WHERE at > {since:Int64} AND at <= {until:Int64} AND has({ips:Array(String)}, ip))
GROUP BY ip ORDER BY blocked_ = 'yes' DESC, snds = 'RED' DESC, mails - passed DESC, ip LIMIT {limit:UInt32}
"""

_DOMAINS = """
SELECT domain, has({ips:Array(String)}, ip) AS ours, toInt64(sum(messages)) AS mails,
       toInt64(sumIf(messages, 'pass' IN (dkim, spf))) AS passed,
       toInt64(sumIf(messages, disposition IN ('quarantine', 'reject'))) AS refused,
       toInt64(uniqExact(ip)) AS ips, arraySort(groupUniqArray(8)(reporter)) AS reporters,
       argMax(policy, (at, id)) AS asked, fromUnixTimestamp64Micro(max(at), 'UTC') AS time
FROM reports FINAL
WHERE type = 'dmarc_reported' AND at > {since:Int64} AND at <= {until:Int64}
GROUP BY domain, ours ORDER BY ours DESC, mails - passed DESC, mails DESC, domain LIMIT {limit:UInt32}
"""

_TLS = """
SELECT domain, argMax(policy, (at, id)) AS newest, toInt64(sum(successful)) AS sent, toInt64(sum(failed)) AS failures,
       arraySort(groupUniqArrayIf(8)(result, result != '')) AS results,
       arraySort(groupUniqArray(8)(reporter)) AS reporters, fromUnixTimestamp64Micro(max(at), 'UTC') AS time
FROM reports FINAL WHERE type = 'tls_reported' AND at > {since:Int64} AND at <= {until:Int64}
GROUP BY domain ORDER BY failures DESC, sent DESC, domain LIMIT {limit:UInt32}
"""

_GOOGLE = """
SELECT domain, metric, argMax(value, (at, id)) AS newest, argMax(text, (at, id)) AS told,
       fromUnixTimestamp64Micro(max(at), 'UTC') AS time
FROM reports FINAL
WHERE type = 'postmaster_reported' AND ip = '' AND at > {since:Int64} AND at <= {until:Int64}
GROUP BY domain, metric, if(metric = 'delivery_error_rate', text, '')
ORDER BY told = 'NEEDS_WORK' DESC, domain, metric LIMIT {limit:UInt32}
"""


def ips(client: Client, span: Span, ours: tuple[str, ...], limit: int = 500) -> pd.DataFrame:
    """Return what is reported of each of our IPs, those first that look worst; no row is no report."""
    columns = (
        *("ip", "mails", "passed", "reporters", "snds", "complaints", "traps", "blocked_", "comment_", "google"),
        "time",
    )
    return frame(client, _IPS, columns, since=span.since, until=span.until, ips=list(ours), limit=limit)


def domains(client: Client, span: Span, ours: tuple[str, ...], limit: int = 500) -> pd.DataFrame:
    """Return the mail in each domain's name by DMARC, through our IPs (`ours`) and through others'."""
    columns = ("domain", "ours", "mails", "passed", "refused", "ips", "reporters", "asked", "time")
    return frame(client, _DOMAINS, columns, since=span.since, until=span.until, ips=list(ours), limit=limit)


def tls(client: Client, span: Span, limit: int = 200) -> pd.DataFrame:
    """Return the sessions to each domain under its TLS policy, those with most failures first."""
    columns = ("domain", "newest", "sent", "failures", "results", "reporters", "time")
    return frame(client, _TLS, columns, since=span.since, until=span.until, limit=limit)


def google(client: Client, span: Span, limit: int = 500) -> pd.DataFrame:
    """Return the newest value of each metric (and sort of error) of each domain, what Google wants mended first."""
    columns = ("domain", "metric", "newest", "told", "time")
    return frame(client, _GOOGLE, columns, since=span.since, until=span.until, limit=limit)
