"""What the Customers page asks about the one customer that was picked: its mailboxes, domains, traffic, letters, cases.

Its mailboxes are those that the directory gives it, those of its domains that have no row of their own, and, of a
customer that no directory knows, those of the domain that it is named by. Only theirs are read.
"""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame, patient
from dashboards.queries_customers import HOLDS
from dashboards.span import Span

# A sender is the customer's by its address, or by its domain where its address is nobody's. All rows of an address that
# began at one moment are one customer's, so PREWHERE takes the few before FINAL.
_OWN = f"""
own AS (SELECT address FROM customer_addresses FINAL PREWHERE customer = {{customer:String}} WHERE {HOLDS}),
domains AS (SELECT substring(address, 2) AS name FROM own WHERE startsWith(address, '@')
            UNION DISTINCT SELECT {{customer:String}} WHERE (SELECT count() FROM own) = 0),
others AS (SELECT address FROM customer_addresses FINAL
           PREWHERE customer != {{customer:String}} AND NOT startsWith(address, '@')
                    AND substring(address, position(address, '@') + 1) IN (SELECT name FROM domains)
           WHERE {HOLDS})
"""  # noqa: S608 our own text, with nothing of anybody's
_IS_OWN = """(box IN (SELECT address FROM own)
           OR (substringIndex(box, '@', -1) IN (SELECT name FROM domains)
               AND box NOT IN (SELECT address FROM others)))"""


def _is_own(box: str) -> str:
    return _IS_OWN.replace("box", box)


# What is stored twice is alike, and of the few mails that are his each id is taken once: nobody else's need be merged.
# The mails of his domains and addresses lie together (schemas/clickhouse/059_mail_by_domain.sql).
_BOX = "if(empty(mailbox), sender, mailbox)"
_DOMAIN = f"substringIndex({_BOX}, '@', -1)"
_MAILS = f"""
mails AS (SELECT at, sender, provider, outcome FROM mail_events
          WHERE type = 'delivery_attempted' AND at > {{since:Int64}} AND at <= {{until:Int64}} AND NOT local
                AND ({_DOMAIN} IN (SELECT name FROM domains)
                     OR ({_DOMAIN}, {_BOX}) IN (SELECT substringIndex(address, '@', -1), address FROM own))
                AND {_is_own("sender")} LIMIT 1 BY id)
"""  # noqa: S608 likewise

_ACCOUNT = f"""
SELECT customer, name, language, tariff, flags, reachable, fromUnixTimestamp64Micro(begun, 'UTC') AS since
FROM customer_accounts FINAL WHERE {HOLDS} AND customer = {{customer:String}} LIMIT 1
"""  # noqa: S608 likewise

_BOXES = f"""
WITH {_OWN}, {_MAILS}
SELECT box, max(kind_) AS kind, max(behind_) AS behind, toInt64(sum(mails_)) AS mails, toInt64(sum(bounced)) AS bounces,
       max(step_) AS step, max(mode_) AS mode, max(score_) AS score,
       if(max(last) = 0, NULL, fromUnixTimestamp64Micro(max(last), 'UTC')) AS sent, toInt64(count() OVER ()) AS total
FROM
(
    SELECT address AS box, kind AS kind_, mailbox AS behind_, 0 AS mails_, 0 AS bounced, 0 AS last,
           '' AS step_, '' AS mode_, 0. AS score_
    FROM customer_addresses FINAL PREWHERE customer = {{customer:String}} WHERE {HOLDS} AND kind != 'domain'
    UNION ALL
    SELECT sender, '', '', count(), countIf(outcome = 'bounced'), max(at), '', '', 0. FROM mails GROUP BY sender
    UNION ALL
    SELECT mailbox, '', '', 0, 0, 0,
           transform(argMax(type, place), ['mailbox_suspended', 'mailbox_throttled', 'mailbox_released'],
                     ['suspend', 'throttle', ''], argMax(step, place)),
           argMax(mode, place), argMax(score, place)
    FROM (SELECT *, (at, indexOf(['mailbox_throttled', 'mailbox_suspended'], type), id) AS place
          FROM mailbox_events WHERE at <= {{until:Int64}} AND {_is_own("mailbox")})
    GROUP BY mailbox
)
GROUP BY box
ORDER BY indexOf(['suspend', 'throttle', 'flag', 'watch'], step) = 0,
         indexOf(['suspend', 'throttle', 'flag', 'watch'], step), mails DESC, box
LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_TRAFFIC = f"""
WITH {_OWN}, {_MAILS}
SELECT intDiv(intDiv(at, 1000000), {{width:Int64}}) * {{width:Int64}} AS bucket, provider,
       toBool(grouping(bucket)) AS whole,
       toInt64(countIf(outcome = 'sent')) AS sent, toInt64(countIf(outcome = 'deferred')) AS deferred,
       toInt64(countIf(outcome = 'bounced')) AS bounced
FROM mails GROUP BY GROUPING SETS ((bucket), (provider))
ORDER BY whole, bucket, sent + deferred + bounced DESC, provider LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_DOMAINS = f"""
WITH {_OWN}
SELECT domain, argMax(outcome, at) AS all_, argMax(spf, at) AS spf_, argMax(dkim, at) AS dkim_,
       argMax(dmarc, at) AS dmarc_, fromUnixTimestamp64Micro(max(at), 'UTC') AS looked,
       argMax(type, at) AS newest
FROM domain_checks
WHERE at > {{until:Int64}} - {{back:Int64}} AND at <= {{until:Int64}}
      AND (customer = {{customer:String}} OR domain IN (SELECT name FROM domains))
GROUP BY domain HAVING newest = 'customer_domain_checked' ORDER BY domain LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_NAMED = f"WITH {_OWN} SELECT name FROM domains ORDER BY name LIMIT 500"  # noqa: S608 likewise

_COMPLAINTS = f"""
WITH {_OWN}
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, feedback_type, sender, attribution, confidence, reporter, recipient,
       toInt64(count() OVER ()) AS total
FROM complaints FINAL
WHERE at > {{since:Int64}} AND at <= {{until:Int64}} AND sender != '' AND {_is_own("sender")}
ORDER BY complaints.at DESC, id LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_BOUNCES = f"""
WITH {_OWN}
SELECT sender, reason, enhanced_status, toInt64(count()) AS number, toInt64(countIf(permanent)) AS lasting,
       min(confidence) AS least, argMax(reply, at) AS said, fromUnixTimestamp64Micro(max(at), 'UTC') AS last
FROM bounces FINAL
WHERE at > {{since:Int64}} AND at <= {{until:Int64}} AND sender != '' AND {_is_own("sender")}
GROUP BY sender, reason, enhanced_status ORDER BY number DESC, sender, reason, enhanced_status LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_CASES = f"""
WITH {_OWN}
SELECT `case`, if(argMax(type, place) = 'case_closed', 'closed', 'open') AS state,
       fromUnixTimestamp64Micro(min(at), 'UTC') AS opened, fromUnixTimestamp64Micro(max(at), 'UTC') AS changed,
       argMax(mailboxes, place) AS members
FROM (SELECT *, (at, length(mailboxes), type = 'case_closed', id) AS place
      FROM case_events FINAL
      WHERE at <= {{until:Int64}}
            AND (customer = {{customer:String}} OR arrayExists(one -> {_is_own("one")}, mailboxes)))
GROUP BY `case` ORDER BY state = 'closed', opened DESC, `case` LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_LETTERS = """
SELECT fromUnixTimestamp64Micro(max(told.at), 'UTC') AS time, argMax(told.sunset, place) AS ending,
       argMax(told.template, place) AS sort, argMax(told.recipient, place) AS to,
       argMax(told.language, place) AS spoken,
       argMax(told.status, place) AS state, argMax(told.reply, place) AS said, any(due.number) AS letter,
       any(due.of) AS whole
FROM
(
    SELECT at, id, sunset, template, recipient, language, status, reply, message_id,
           (status != 'intended', at, id) AS place
    FROM sunset_events FINAL WHERE type = 'notice_sent' AND customer = {customer:String} AND at <= {until:Int64}
    UNION ALL
    SELECT at, id, sunset, template, recipient, language, status, reply, message_id, (status != 'intended', at, id)
    FROM mailbox_signals FINAL WHERE type = 'notice_sent' AND customer = {customer:String} AND at <= {until:Int64}
) AS told
LEFT JOIN (SELECT message_id, number, of FROM sunset_events
           WHERE type = 'letter_due' AND customer = {customer:String} AND at <= {until:Int64}) AS due USING message_id
GROUP BY message_id ORDER BY time DESC, message_id LIMIT {limit:UInt32}
"""

_LEFT = f"""
WITH {_OWN}
SELECT sunset, toInt64(count()) AS found, toInt64(countIf(newest = 'user_found')) AS open,
       toInt64(countIf(newest = 'user_done')) AS done, fromUnixTimestamp64Micro(max(changed), 'UTC') AS last
FROM
(
    SELECT sunset, mailbox, argMax(type, (at, id)) AS newest, max(at) AS changed FROM sunset_events FINAL
    WHERE type IN ('user_found', 'user_done') AND at <= {{until:Int64}} AND {_is_own("mailbox")}
    GROUP BY sunset, mailbox
)
GROUP BY sunset ORDER BY sunset LIMIT 50
"""  # noqa: S608 likewise


def _values(span: Span, customer: str) -> dict[str, int | str]:
    return {"since": span.since, "until": span.until, "customer": customer}


def account(client: Client, span: Span, customer: str) -> pd.DataFrame:
    """Return what the directory said of a customer at the span's end; `since` is when that was first read."""
    columns = ("customer", "name", "language", "tariff", "flags", "reachable", "since")
    return frame(client, _ACCOUNT, columns, **_values(span, customer))


def boxes(client: Client, span: Span, customer: str, limit: int = 500) -> pd.DataFrame:
    """Return the customer's mailboxes, aliases and networks, and senders of his domains, those in question first.

    `total` counts all; `step` is "" where nothing was decided, `sent` the newest delivery within the span.
    """
    columns = ("box", "kind", "behind", "mails", "bounces", "step", "mode", "score", "sent", "total")
    return patient(client, _BOXES, columns, limit=limit, **_values(span, customer))


def traffic(client: Client, span: Span, customer: str, limit: int = 500) -> pd.DataFrame:
    """Return the customer's deliveries by outcome, per bucket (epoch seconds) and, where `whole`, per provider.

    Of providers the largest, as `limit` rows leave place for them.
    """
    columns = ("bucket", "provider", "whole", "sent", "deferred", "bounced")
    return patient(client, _TRAFFIC, columns, width=span.bucket_seconds, limit=limit, **_values(span, customer))


def domains(client: Client, span: Span, back: int, customer: str, limit: int = 500) -> pd.DataFrame:
    """Return by the newest look what each of the customer's domains publishes, by looks of `back` µs."""
    columns = ("domain", "all_", "spf_", "dkim_", "dmarc_", "looked")
    return frame(client, _DOMAINS, columns, back=back, limit=limit, **_values(span, customer))


def names(client: Client, span: Span, customer: str) -> pd.DataFrame:
    """Return the domains that are the customer's by the directory, or that he is named by."""
    return frame(client, _NAMED, ("name",), **_values(span, customer))


def complaints(client: Client, span: Span, customer: str, limit: int = 200) -> pd.DataFrame:
    """Return the newest complaints about the customer's mail, with how its sender was found and how sure that is."""
    columns = ("time", "feedback_type", "sender", "attribution", "confidence", "reporter", "recipient", "total")
    return frame(client, _COMPLAINTS, columns, limit=limit, **_values(span, customer))


def bounces(client: Client, span: Span, customer: str, limit: int = 200) -> pd.DataFrame:
    """Return why the customer's mail came back, after it was taken; `least` is how sure the least sure sender is."""
    columns = ("sender", "reason", "enhanced_status", "number", "lasting", "least", "said", "last")
    return frame(client, _BOUNCES, columns, limit=limit, **_values(span, customer))


def cases(client: Client, span: Span, customer: str, limit: int = 100) -> pd.DataFrame:
    """Return the cases with mailboxes of the customer, the open ones first."""
    return frame(
        client, _CASES, ("case", "state", "opened", "changed", "members"), limit=limit, **_values(span, customer)
    )


def letters(client: Client, span: Span, customer: str, limit: int = 200) -> pd.DataFrame:
    """Return the mails to the customer, the newest first: of a sunset (`ending`), reports, and others."""
    columns = ("time", "ending", "sort", "to", "spoken", "state", "said", "letter", "whole")
    return frame(client, _LETTERS, columns, limit=limit, **_values(span, customer))


def left(client: Client, span: Span, customer: str) -> pd.DataFrame:
    """Return of each sunset how many of the customer's mailboxes were found, are still open, and are done."""
    return frame(client, _LEFT, ("sunset", "found", "open", "done", "last"), **_values(span, customer))
