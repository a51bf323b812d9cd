"""All that reports ask the warehouse. `who` is a sender or mailbox where each customer's figures are told apart.

An event that is stored twice counts once (FINAL). Mails that stay on our own servers are no deliveries. Anybody can put
a customer's address on an envelope: what is known by it alone is of the whole, and no customer's.
"""

_BETWEEN = "at >= {before:Int64} AND at < {until:Int64} AND (at < {compared:Int64} OR at >= {since:Int64})"
_ATTEMPTS = "FROM mail_events FINAL WHERE type = 'delivery_attempted' AND NOT local"
_OF_WHO = f"{_ATTEMPTS} AND ({{who}} = '' OR sender_kind NOT IN ('', 'envelope'))"
_SLOT = (
    "toInt64(toUnixTimestamp(if({daily:Bool}, toStartOfHour(fromUnixTimestamp64Micro(at, {zone:String})),"
    " toDateTime(toStartOfDay(fromUnixTimestamp64Micro(at, {zone:String})), {zone:String}))))"
)
_IN_PERIOD = "at >= {since:Int64} AND at < {until:Int64}"


def _counted(condition: str = "1") -> str:
    outcomes = ("sent", "deferred", "bounced")
    return ", ".join(f"toInt64(countIf(outcome = '{each}' AND {condition}))" for each in outcomes)


HEARD = f"""SELECT DISTINCT {_SLOT} FROM mail_events WHERE {_IN_PERIOD} AND type != 'source_opened'"""  # noqa: S608 the parts are constants
NEWEST = "SELECT max(at) FROM mail_events WHERE at >= {before:Int64} AND at <= {now:Int64} AND type != 'source_opened'"
LOGS = """SELECT if(logins, concat(host, ' (logins)'), host) AS log, groupUniqArray(last) AS heard FROM heard_hosts
WHERE last >= {since:Int64} AND last <= {now:Int64} AND hour >= toDateTime(intDiv({since:Int64}, 1000000), 'UTC') - 3600
GROUP BY log HAVING min(last) < {until:Int64} ORDER BY log"""
PROVIDERS = f"""SELECT {{who}}, provider, {_counted("at >= {since:Int64}")}, {_counted("at < {compared:Int64}")}
{_OF_WHO} AND {_BETWEEN} GROUP BY 1, 2"""
SLOTS = f"SELECT {{who}}, {_SLOT}, {_counted()} {_OF_WHO} AND {_IN_PERIOD} GROUP BY 1, 2"
REASONS = f"""SELECT {{who}}, if(reason = '', 'unknown', reason), {_counted()}
{_OF_WHO} AND outcome IN ('deferred', 'bounced') AND {_IN_PERIOD} GROUP BY 1, 2"""
IPS = f"SELECT outbound_ip, {_counted()} {_ATTEMPTS} AND outbound_ip != '' AND {_IN_PERIOD} GROUP BY 1"
LISTS = f"""SELECT list, toInt64(count()), toInt64(countIf(answer = 'unknown')) FROM pool_observations FINAL
WHERE type = 'listing_observed' AND {_IN_PERIOD} GROUP BY list ORDER BY list"""  # noqa: S608 likewise
LISTINGS = f"""SELECT ip, list, toInt64(minIf(at, answer = 'listed')),
    argMaxIf(answer, (at, id), answer != 'unknown') = 'listed'
FROM pool_observations FINAL WHERE type = 'listing_observed' AND {_IN_PERIOD}
GROUP BY ip, list HAVING countIf(answer = 'listed') > 0 ORDER BY ip, list"""  # noqa: S608 likewise
DELISTED = f"""SELECT list, subject, outcome, toInt64(took_seconds) FROM delisting_counted(until = {{until:Int64}})
WHERE type = 'delisting_closed' AND {_IN_PERIOD} ORDER BY at, id"""  # noqa: S608 likewise
CHANGES = """SELECT ip, at, type FROM pool_events FINAL
WHERE type IN ('ip_withdrawn', 'ip_probation_started', 'ip_restored') AND mode = '' AND at < {until:Int64}
ORDER BY at, id"""
STEPS = f"""SELECT mailbox, at, type, mode FROM mailbox_events FINAL
WHERE type IN ('mailbox_flagged', 'mailbox_throttled', 'mailbox_suspended', 'mailbox_released') AND step != 'watch'
  AND {_BETWEEN} ORDER BY at, id"""  # noqa: S608 likewise
CASES = """SELECT customer, toInt64(length(argMax(mailboxes, place))), toInt64(min(at)),
    argMax(type, place) = 'case_closed'
FROM (SELECT *, (at, length(mailboxes), type = 'case_closed', id) AS place FROM case_events FINAL
      WHERE at < {until:Int64})
GROUP BY `case`, customer HAVING argMax(type, place) != 'case_closed' OR max(at) >= {since:Int64}
ORDER BY min(at) DESC, `case`"""
EXEMPTIONS = """SELECT sunset, subject, argMax(until, (at, kafka_offset)) FROM sunset_events
WHERE type = 'user_exempted' AND at < {until:Int64} GROUP BY 1, 2 HAVING NOT argMax(ended, (at, kafka_offset))"""
USERS = """SELECT mailbox, sunset, argMax(type, (at, id)) = 'user_found',
    toInt64(argMax(greatest(use.last, last), (at, id)))
FROM sunset_events FINAL WHERE type IN ('user_found', 'user_done') AND at < {until:Int64} GROUP BY 1, 2 ORDER BY 1, 2"""
RUNNING = """SELECT DISTINCT sunset FROM
(
    SELECT sunset, arrayJoin(arrayMap(stage -> stage.number, argMax(stages, (at, id)))) AS stage FROM sunset_events
    WHERE type = 'stages_planned' AND at < {until:Int64} GROUP BY sunset
) AS planned
LEFT JOIN
(
    SELECT sunset, stage, argMax(step, (at, id)) AS newest FROM sunset_events
    WHERE type = 'stage_stepped' AND at < {until:Int64} GROUP BY sunset, stage
) AS stepped USING (sunset, stage)
WHERE newest != 'closed'"""
