"""What the Customers page asks the warehouse: whom to look at first, and whose a mailbox is.

Whose it is, the desk stores (`streams.owners_task`): by its address, else by its domain; a mailbox of nobody is its
domain's own customer, as in cases (docs/cases.md), and is told apart. All is added up in ClickHouse: a page gets some
hundred customers, however many there are.
"""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame, patient
from dashboards.slots import beside, within
from dashboards.span import Span
from schemas.attribution import BLAMING

HOLDS = "begun <= {until:Int64} AND (ended = 0 OR ended > {until:Int64})"

# From which hour to before which the counts of hours are taken (schemas/clickhouse/060_customer_hours.sql): up to the
# newest that is counted, as far back as each is, with the directory of the span's end.
_HOURS = """
(SELECT max(greatest(if(begun <= {until:Int64}, begun, 0), if(ended <= {until:Int64}, ended, 0)))
 FROM customer_addresses) AS version,
(SELECT groupArray((at, made)) FROM
 (
     SELECT at, made FROM customer_hours_state
     WHERE at > {since:Int64} AND at + 3600000000 <= {until:Int64} + 1 AND fresh AND directory = version
     ORDER BY at DESC
 )) AS counted,
arrayFilter((one, number) -> one.1 = counted[1].1 - (number - 1) * 3600000000, counted, arrayEnumerate(counted)) AS run,
if(empty(run), ({until:Int64} + 1, {until:Int64} + 1), (run[-1].1, run[1].1 + 3600000000)) AS new
"""

_FACTS = f"""
    SELECT sender AS box, count() AS mails, countIf(outcome = 'bounced') AS bounced, countIf(outcome = 'sent') AS sent,
           0 AS complaints, 0 AS flagged, 0 AS opened
    FROM mail_events FINAL
    WHERE type = 'delivery_attempted' AND NOT local AND sender != ''
      AND {beside("new", "{since:Int64}", "{until:Int64}")}
    GROUP BY sender
    UNION ALL
    SELECT sender, 0, 0, 0, count(), 0, 0 FROM complaints FINAL
    WHERE at > {{since:Int64}} AND at <= {{until:Int64}} AND sender != ''
      AND has({{blaming:Array(String)}}, feedback_type)
    GROUP BY sender
    UNION ALL
    SELECT mailbox, 0, 0, 0, 0, 1, 0 FROM
    (
        SELECT mailbox, argMax((type, step), (at, indexOf(['mailbox_throttled', 'mailbox_suspended'], type), id))
                            AS newest
        FROM mailbox_events FINAL WHERE at <= {{until:Int64}}
        GROUP BY mailbox HAVING newest.1 != 'mailbox_released' AND newest.2 != 'watch'
    )
    UNION ALL
    SELECT arrayJoin(boxes), 0, 0, 0, 0, 0, number FROM
    (
        SELECT argMax(mailboxes, place) AS boxes, cityHash64(`case`) AS number
        FROM (SELECT *, (at, length(mailboxes), type = 'case_closed', id) AS place
              FROM case_events FINAL WHERE at <= {{until:Int64}})
        GROUP BY `case` HAVING argMax(type, place) != 'case_closed'
    )
"""  # noqa: S608 our own text, with nothing of anybody's

# One hash of both, addresses and domains, and the smaller side in it: a million rows are read once.
_OWNED = f"""
    SELECT facts.*, multiIf(exact.customer != '', exact.customer, whole.customer != '', whole.customer,
                            domain != '', domain, facts.box) AS whose,
           exact.customer != '' OR whole.customer != '' AS known
    FROM (SELECT *, if(position(box, '@') > 0, substringIndex(box, '@', -1), '') AS domain FROM ({_FACTS})) AS facts
    LEFT JOIN (SELECT address, customer FROM customer_addresses FINAL
               WHERE {HOLDS} AND NOT startsWith(address, '@')) AS exact ON facts.box = exact.address
    LEFT JOIN (SELECT substring(address, 2) AS name, customer FROM customer_addresses FINAL
               WHERE {HOLDS} AND address >= '@' AND address < 'A') AS whole ON facts.domain = whole.name
"""  # noqa: S608 our own text, with nothing of anybody's

_ALL = f"""
    SELECT whose, known, mails, bounced, sent, complaints, flagged, opened FROM ({_OWNED})
    UNION ALL
    SELECT customer, known, toUInt64(mails), toUInt64(bounced), toUInt64(sent), 0, 0, 0 FROM customer_hours
    WHERE {within("new")} AND customer != '' AND (at, made) IN (SELECT arrayJoin(run))
"""  # noqa: S608 likewise

_FOUND = f"""
    SELECT customer FROM customer_accounts FINAL
    WHERE {HOLDS} AND (positionCaseInsensitiveUTF8(customer, {{search:String}}) > 0
                       OR positionCaseInsensitiveUTF8(name, {{search:String}}) > 0)
    ORDER BY lower(customer) != lower({{search:String}}), length(customer), customer LIMIT {{limit:UInt32}}
    UNION DISTINCT
    SELECT customer FROM customer_addresses FINAL
    WHERE {HOLDS} AND position(address, lower({{search:String}})) > 0
    ORDER BY length(address), address LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_SUMS = """toInt64(sum(mails)) AS attempts, toInt64(sum(sent)) AS delivered, toInt64(sum(bounced)) AS bounces,
       toInt64(sum(complaints)) AS complained, toInt64(sum(flagged)) AS boxes,
       toInt64(uniqExactIf(opened, opened > 0)) AS cases, max(known) AS is_known"""
_NEED = """cases > 0 DESC, boxes DESC, complained / greatest(attempts, 100) DESC,
         bounces / greatest(attempts, 100) DESC, attempts DESC, whose"""

_NEEDY = f"""
WITH {_HOURS}
SELECT whose AS customer, {_SUMS}, toInt64(count() OVER ()) AS total
FROM ({_ALL}) GROUP BY whose
ORDER BY {_NEED} LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_SEARCHED = f"""
WITH found AS ({_FOUND}), {_HOURS}
SELECT whose AS customer, {_SUMS}, toInt64(count() OVER ()) AS total
FROM
(
    SELECT * FROM ({_ALL})
    WHERE whose IN (found) OR positionCaseInsensitiveUTF8(whose, {{search:String}}) > 0
    UNION ALL
    SELECT customer, true, 0, 0, 0, 0, 0, 0 FROM found
)
GROUP BY whose ORDER BY {_NEED} LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_NAMES = f"""
SELECT customer, name FROM customer_accounts FINAL
WHERE {HOLDS} AND customer IN {{customers:Array(String)}} AND name != ''
"""  # noqa: S608 likewise

_WHOSE = f"""
SELECT customer FROM customer_addresses FINAL
WHERE {HOLDS} AND address IN ({{box:String}}, {{domain:String}})
ORDER BY address = {{domain:String}} LIMIT 1
"""  # noqa: S608 likewise

_COLUMNS = ("customer", "attempts", "delivered", "bounces", "complained", "boxes", "cases", "is_known", "total")


def needy(client: Client, span: Span, search: str, limit: int = 200) -> pd.DataFrame:
    """Return the customers in need of a look first: open cases, flagged mailboxes, complaints, bounces, then volume.

    `attempts`, `delivered`, `bounces` are of deliveries within the span, `boxes` the mailboxes flagged at its end. With
    `search` those whose number, name, mailbox or domain has it, also those who sent nothing. `total` counts all.
    """
    values = {"since": span.since, "until": span.until, "blaming": sorted(BLAMING), "limit": limit}
    sql = _SEARCHED if search else _NEEDY
    picked = patient(client, sql, _COLUMNS, **values, **({"search": search} if search else {}))
    named = frame(client, _NAMES, ("customer", "name"), until=span.until, customers=list(picked["customer"]))
    return picked.merge(named, on="customer", how="left").fillna({"name": ""})


def whose(client: Client, span: Span, mailbox: str) -> pd.DataFrame:
    """Return in one row the customer of a mailbox or domain: the directory's, else the name of its domain, if any."""
    name, at, domain = mailbox.lower().rpartition("@")
    values = {"box": mailbox.lower() if at and name else domain, "domain": f"@{domain}", "until": span.until}
    found = frame(client, _WHOSE, ("customer",), **values)
    return found if len(found) else pd.DataFrame({"customer": [domain]})
