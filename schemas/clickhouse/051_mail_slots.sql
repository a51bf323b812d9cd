-- What was delivered in each five minutes, by provider and by outbound IP, and how much each log told. Counted from the
-- rows themselves, each id once (FINAL), and anew for each five minutes for which anything was stored since: what comes
-- twice changes nothing, what comes late is counted, and what a kill cut off is made at the next turn (docs/adr/0030).
-- `stored`: when a row came; what was here before this column has 0.
ALTER TABLE mail_events MODIFY COLUMN IF EXISTS stored DateTime('UTC') DEFAULT toDateTime(0, 'UTC');
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS stored DateTime('UTC') DEFAULT toDateTime(0, 'UTC') CODEC(ZSTD(1));
ALTER TABLE mail_events MATERIALIZE COLUMN stored SETTINGS mutations_sync = 2;
ALTER TABLE mail_events MODIFY COLUMN stored DateTime('UTC') MATERIALIZED now('UTC');
ALTER TABLE mail_events ADD INDEX IF NOT EXISTS stored_when stored TYPE minmax GRANULARITY 1;
CREATE TABLE IF NOT EXISTS mail_slots
(
    what LowCardinality(String),
    name LowCardinality(String),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    events Int64,
    sent Int64,
    deferred Int64,
    bounced Int64,
    made DateTime64(3, 'UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(made)
PARTITION BY toYYYYMMDD(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (what, at, name)
TTL toDateTime(fromUnixTimestamp64Micro(at, 'UTC')) + toIntervalDay(400);
-- When the turns began that came to their end.
CREATE TABLE IF NOT EXISTS mail_slots_made
(
    made DateTime64(3, 'UTC')
)
ENGINE = MergeTree ORDER BY made
TTL toDateTime(made) + toIntervalDay(2);
CREATE VIEW IF NOT EXISTS mail_slots_of_events AS
SELECT each.1 AS what, each.2 AS name, slot AS at, toInt64(count()) AS events, toInt64(countIf(outcome = 'sent')) AS sent,
       toInt64(countIf(outcome = 'deferred')) AS deferred, toInt64(countIf(outcome = 'bounced')) AS bounced
FROM
(
    SELECT intDiv(at, 300000000) * 300000000 AS slot, outcome, type = 'delivery_attempted' AS delivery,
           arrayConcat([('log', substring(id, 1, 16))], if(delivery AND NOT local, [('provider', toString(provider))], []),
                       if(delivery AND outbound_ip != '', [('ip', toString(outbound_ip))], [])) AS counted
    FROM mail_events FINAL
)
ARRAY JOIN counted AS each
GROUP BY what, name, slot;
-- Each day that has rows, and when it was counted whole. One that is over is counted once more an hour later. What the slots
-- are about to forget is not among them.
CREATE VIEW IF NOT EXISTS mail_slot_days AS
SELECT day, toInt64(toUnixTimestamp(toDateTime(day, 'UTC'))) * 1000000 AS begins, begins + 86400000000 AS ends, counted,
       counted = 0 OR (counted < ends + 3600000000 AND toUnixTimestamp64Micro(now64(6)) > ends + 3600000000) AS due
FROM
(
    SELECT toDate(YYYYMMDDToDate(toUInt32OrZero(partition))) AS day
    FROM system.parts WHERE database = currentDatabase() AND table = 'mail_events' AND active
    GROUP BY day HAVING day > today() - 398
) AS days
LEFT JOIN
(
    SELECT toDate(fromUnixTimestamp64Micro(at, 'UTC')) AS day, toUnixTimestamp64Micro(max(made)) AS counted
    FROM mail_slots WHERE what = 'day' AND made <= (SELECT max(made) FROM mail_slots_made)
    GROUP BY day
) AS whole USING day;
CREATE MATERIALIZED VIEW IF NOT EXISTS mail_slots_turn REFRESH EVERY 1 MINUTE APPEND TO mail_slots AS
WITH now64(3, 'UTC') AS began,
     (SELECT greatest(toDateTime(max(made), 'UTC'), toDateTime(61, 'UTC')) - 60 FROM mail_slots_made) AS since,
     (SELECT max(begins) FROM mail_slot_days WHERE due) AS begins,
     (
         SELECT (min(at), max(at)) FROM mail_events WHERE stored >= since
     ) AS touched
SELECT *, began AS made FROM mail_slots_of_events
WHERE at >= intDiv(touched.1, 300000000) * 300000000 AND at <= touched.2
  AND at IN (SELECT DISTINCT intDiv(at, 300000000) * 300000000 FROM mail_events WHERE stored >= since)
UNION ALL
SELECT *, began FROM mail_slots_of_events WHERE begins > 0 AND at >= begins AND at < begins + 86400000000
UNION ALL
SELECT 'day', '', begins, 0, 0, 0, 0, began WHERE begins > 0;
CREATE MATERIALIZED VIEW IF NOT EXISTS mail_slots_turned REFRESH EVERY 1 MINUTE DEPENDS ON mail_slots_turn
APPEND TO mail_slots_made AS
SELECT max(made) AS made FROM mail_slots HAVING made > 0;
-- From which slot to before which the slots of a time may be taken; all else is asked of the rows. A time of two hours or
-- less is: its charts are finer.
CREATE VIEW IF NOT EXISTS mail_slots_of AS
WITH (SELECT max(made) FROM mail_slots_made) AS made,
     (SELECT groupArray((begins, ends, counted)) FROM mail_slot_days) AS days,
     arrayMax(arrayMap(one -> if(one.3 > 0, one.1, toInt64(0)), days)) AS newest,
     arrayMin(arrayMap(one -> if(one.3 > 0, one.1, newest), days)) AS oldest,
     arrayMax(arrayMap(one -> if(one.3 = 0 AND one.1 < newest, one.2, oldest), days)) AS low,
     arrayMin(arrayMap(one -> if(one.3 = 0 AND one.1 > newest, one.1, toUnixTimestamp64Micro(made) - 120000000), days)) AS high,
     intDiv(greatest({since:Int64}, low) + 299999999, 300000000) * 300000000 AS begin,
     intDiv(least({until:Int64} + 1, high), 300000000) * 300000000 AS end
SELECT if(newest > 0 AND end > begin AND {until:Int64} - {since:Int64} > 7200000000, begin, {until:Int64} + 1) AS first,
       if(first = begin, end, first) AS next;
