-- What each customer's mailboxes sent in each hour that is over, for the list of all customers: counted from the rows, each id
-- once, and anew where anything was stored since (mail_slots tell that) or where the directory is another one than it was
-- counted with (docs/adr/0033). A count of an hour is its rows of one `made`; that without a customer stands for the hour itself and
-- has in `directory` when the directory had changed last.
CREATE TABLE IF NOT EXISTS customer_hours
(
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    customer String,
    known Bool,
    mails Int64,
    sent Int64,
    bounced Int64,
    directory Int64,
    made DateTime64(3, 'UTC') CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (at, made, customer)
TTL toDateTime(fromUnixTimestamp64Micro(at, 'UTC')) + toIntervalDay(4);
-- When the turns began that came to their end.
CREATE TABLE IF NOT EXISTS customer_hours_made
(
    made DateTime64(3, 'UTC')
)
ENGINE = MergeTree ORDER BY made
TTL toDateTime(made) + toIntervalDay(2);
-- Each hour of the last four days that has mail: its newest count that came to its end, the directory of that, and when
-- something of the hour was counted last by five minutes, which is after it was stored.
CREATE VIEW IF NOT EXISTS customer_hours_state AS
SELECT slots.hour AS at, counted.newest AS made, counted.version AS directory, slots.touched AS touched,
       counted.newest > slots.touched AS fresh
FROM
(
    SELECT intDiv(at, 3600000000) * 3600000000 AS hour, max(made) AS touched FROM mail_slots
    WHERE what = 'log' AND at > toUnixTimestamp64Micro(now64(6)) - 345600000000 GROUP BY hour
) AS slots
LEFT JOIN
(
    SELECT at AS hour, max(made) AS newest, argMax(directory, made) AS version FROM customer_hours
    WHERE customer = '' AND made <= (SELECT max(made) FROM customer_hours_made) GROUP BY hour
) AS counted ON counted.hour = slots.hour;
-- The hours of the last 26 that are due: two minutes after their end, while not counted with today's directory.
CREATE VIEW IF NOT EXISTS customer_hours_due AS
WITH toUnixTimestamp64Micro(now64(6)) AS moment, (SELECT max(greatest(begun, ended)) FROM customer_addresses) AS version
SELECT at FROM customer_hours_state
WHERE at > moment - 93600000000 AND at + 3720000000 <= moment AND NOT (fresh AND directory = version);
-- A turn counts the newest three of them.
CREATE MATERIALIZED VIEW IF NOT EXISTS customer_hours_turn REFRESH EVERY 1 MINUTE APPEND TO customer_hours AS
WITH now64(3, 'UTC') AS began, toUnixTimestamp64Micro(began) AS moment,
     (SELECT max(greatest(begun, ended)) FROM customer_addresses) AS version,
     (SELECT groupArray(at) FROM (SELECT at FROM customer_hours_due ORDER BY at DESC LIMIT 3)) AS hours
SELECT hour AS at, multiIf(exact.customer != '', exact.customer, whole.customer != '', whole.customer,
                           domain != '', domain, box) AS customer,
       max(exact.customer != '' OR whole.customer != '') AS known, toInt64(sum(mails_)) AS mails,
       toInt64(sum(sent_)) AS sent, toInt64(sum(bounced_)) AS bounced, toInt64(-1) AS directory, began AS made
FROM
(
    SELECT intDiv(at, 3600000000) * 3600000000 AS hour, sender AS box, count() AS mails_, countIf(outcome = 'sent') AS sent_,
           countIf(outcome = 'bounced') AS bounced_, if(position(box, '@') > 0, substringIndex(box, '@', -1), '') AS domain
    FROM mail_events FINAL
    WHERE type = 'delivery_attempted' AND NOT local AND sender != '' AND at >= arrayMin(hours)
      AND at < arrayMax(hours) + 3600000000 AND has(hours, intDiv(at, 3600000000) * 3600000000)
    GROUP BY hour, box
) AS facts
LEFT JOIN
(
    SELECT address, customer FROM customer_addresses FINAL
    WHERE begun <= moment AND (ended = 0 OR ended > moment) AND NOT startsWith(address, '@')
) AS exact ON facts.box = exact.address
LEFT JOIN
(
    SELECT substring(address, 2) AS name, customer FROM customer_addresses FINAL
    WHERE begun <= moment AND (ended = 0 OR ended > moment) AND address >= '@' AND address < 'A'
) AS whole ON facts.domain = whole.name
GROUP BY at, customer
UNION ALL
SELECT arrayJoin(hours), '', false, 0, 0, 0, version, began;
CREATE MATERIALIZED VIEW IF NOT EXISTS customer_hours_turned REFRESH EVERY 1 MINUTE DEPENDS ON customer_hours_turn
APPEND TO customer_hours_made AS
SELECT max(made) AS made FROM customer_hours HAVING made > 0;
