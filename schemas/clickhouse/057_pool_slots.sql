-- What the worker counted, kept by IP and provider for each hour and each day, and how much stands in pool_observations for
-- each five minutes: made as the counts of mail are (051_mail_slots.sql, docs/adr/0030, 0031), from the rows, each id once,
-- and anew where anything was stored since. `stored`: when a row came; what was here before this column has 0.
ALTER TABLE pool_observations MODIFY COLUMN IF EXISTS stored DateTime('UTC') DEFAULT toDateTime(0, 'UTC');
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS stored DateTime('UTC') DEFAULT toDateTime(0, 'UTC') CODEC(ZSTD(1));
ALTER TABLE pool_observations MATERIALIZE COLUMN stored SETTINGS mutations_sync = 2;
ALTER TABLE pool_observations MODIFY COLUMN stored DateTime('UTC') MATERIALIZED now('UTC');
ALTER TABLE pool_observations ADD INDEX IF NOT EXISTS stored_when stored TYPE minmax GRANULARITY 1;
-- `what`: all (of five minutes), hour, day; whole: a day was counted whole; late: something came into one that was over.
-- `tried`, `failed`, `blamed` are what the score is made of (streams/reputation.py): each count is worth half for each six
-- hours before the end of its slot. `newest`, `kind`, `named` and `text` are of the newest reply that speaks against the IP.
CREATE TABLE IF NOT EXISTS pool_slots
(
    what LowCardinality(String),
    ip LowCardinality(String),
    provider LowCardinality(String),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    events Int64,
    sent Int64,
    deferred Int64,
    bounced Int64,
    listed Int64,
    reputation Int64,
    volume Int64,
    greylisted Int64,
    unknown Int64,
    tried Float64,
    failed Float64,
    blamed Float64,
    newest Tuple(last_at Int64, id String),
    kind LowCardinality(String),
    named LowCardinality(String),
    text String CODEC(ZSTD(3)),
    made DateTime64(3, 'UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(made)
PARTITION BY toYYYYMMDD(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (what, at, ip, provider)
TTL toDateTime(fromUnixTimestamp64Micro(at, 'UTC')) + toIntervalDay(400);
-- When the turns began that came to their end.
CREATE TABLE IF NOT EXISTS pool_slots_made
(
    made DateTime64(3, 'UTC')
)
ENGINE = MergeTree ORDER BY made
TTL toDateTime(made) + toIntervalDay(2);
-- Each day that has rows, when it was counted whole, and when something came late into it. What was never counted is due first.
CREATE VIEW IF NOT EXISTS pool_slot_days AS
SELECT day, toInt64(toUnixTimestamp(toDateTime(day, 'UTC'))) * 1000000 AS begins, begins + 86400000000 AS ends, counted, late,
       counted = 0 OR late > counted OR (counted < ends + 3600000000 AND toUnixTimestamp64Micro(now64(6)) > ends + 3600000000)
           AS due
FROM
(
    SELECT toDate(YYYYMMDDToDate(toUInt32OrZero(partition))) AS day
    FROM system.parts WHERE database = currentDatabase() AND table = 'pool_observations' AND active
    GROUP BY day HAVING day > today() - 398
) AS days
LEFT JOIN
(
    SELECT toDate(fromUnixTimestamp64Micro(at, 'UTC')) AS day,
           toUnixTimestamp64Micro(maxIf(made, what = 'whole' AND made <= (SELECT max(made) FROM pool_slots_made))) AS counted,
           toUnixTimestamp64Micro(maxIf(made, what = 'late')) AS late
    FROM pool_slots WHERE what IN ('whole', 'late')
    GROUP BY day
) AS known USING day;
-- A turn reads each hour whole into which anything was stored, and the newest day that is due.
CREATE MATERIALIZED VIEW IF NOT EXISTS pool_slots_turn REFRESH EVERY 1 MINUTE APPEND TO pool_slots AS
WITH now64(3, 'UTC') AS began,
     (SELECT greatest(toDateTime(max(made), 'UTC'), toDateTime(61, 'UTC')) - 60 FROM pool_slots_made) AS since,
     (SELECT argMax(begins, (counted = 0, begins)) FROM pool_slot_days WHERE due) AS due,
     (SELECT groupUniqArray(intDiv(at, 3600000000) * 3600000000) FROM pool_observations WHERE stored >= since) AS touched
SELECT each.1 AS what, each.2 AS ip, each.3 AS provider, each.4 AS at, toInt64(count()) AS events, sum(sent_) AS sent,
       sum(deferred_) AS deferred, sum(bounced_) AS bounced, sumIf(count, kind_ = 'listed') AS listed,
       sumIf(count, kind_ = 'reputation') AS reputation, sumIf(count, kind_ = 'volume') AS volume,
       sumIf(count, kind_ = 'greylisted') AS greylisted, sumIf(count, kind_ = 'unknown') AS unknown,
       sum((sent_ + deferred_ + bounced_) * part) AS tried, sum((deferred_ + bounced_) * part) AS failed,
       sum(multiIf(kind_ = 'volume', 0.6, sign, 1.0, 0.0) * count * part) AS blamed,
       maxIf((last_at, id), sign) AS newest, argMaxIf(kind_, (last_at, id), sign) AS kind,
       argMaxIf(named_, (last_at, id), sign) AS named, argMaxIf(text_, (last_at, id), sign) AS text, began AS made
FROM
(
    SELECT id, last_at, count, sent_, deferred_, bounced_, kind_, named_, text_, sign, each,
           exp2((moment - each.4 - if(each.1 = 'day', 86400000000, 3600000000)) / 21600000000) AS part
    FROM
    (
        SELECT pool_observations.at AS moment, id, last_at, count, sent AS sent_, deferred AS deferred_,
               bounced AS bounced_, toString(kind) AS kind_, toString(named) AS named_, text AS text_,
               kind IN ('listed', 'reputation', 'volume') AS sign, intDiv(moment, 86400000000) * 86400000000 AS day,
               intDiv(moment, 3600000000) * 3600000000 AS hour,
               type IN ('traffic_counted', 'replies_counted') AND provider != '' AS pair,
               arrayConcat([('all', '', '', intDiv(moment, 300000000) * 300000000)],
                           if(pair, [('hour', toString(ip), toString(provider), hour)], []),
                           if(pair AND day = due, [('day', toString(ip), toString(provider), day)], []),
                           if(day = due, [('whole', '', '', day)], []),
                           if(has(touched, hour) AND day + 86400000000 <= toUnixTimestamp64Micro(began),
                              [('late', '', '', day)], [])) AS counted
        FROM pool_observations FINAL
        WHERE (pool_observations.at >= due AND pool_observations.at < due + 86400000000)
           OR (pool_observations.at >= arrayMin(touched) AND pool_observations.at < arrayMax(touched) + 3600000000
               AND has(touched, intDiv(pool_observations.at, 3600000000) * 3600000000))
    )
    ARRAY JOIN counted AS each
)
GROUP BY each;
CREATE MATERIALIZED VIEW IF NOT EXISTS pool_slots_turned REFRESH EVERY 1 MINUTE DEPENDS ON pool_slots_turn
APPEND TO pool_slots_made AS
SELECT max(made) AS made FROM pool_slots HAVING made > 0;
-- From which slot of a width to before which the slots of a time may be taken, and the days of it that are counted whole; all
-- else is asked of the rows. A time of two hours or less is.
CREATE VIEW IF NOT EXISTS pool_slots_of AS
WITH (SELECT max(made) FROM pool_slots_made) AS made,
     (SELECT groupArray((begins, ends, counted, late)) FROM pool_slot_days) AS days,
     arrayMax(arrayMap(one -> if(one.3 > 0, one.1, toInt64(0)), days)) AS newest,
     arrayMin(arrayMap(one -> if(one.3 > 0, one.1, newest), days)) AS oldest,
     arrayMax(arrayMap(one -> if(one.3 = 0 AND one.1 < newest, one.2, oldest), days)) AS low,
     arrayMin(arrayMap(one -> if(one.3 = 0 AND one.1 > newest, one.1, toUnixTimestamp64Micro(made) - 120000000), days)) AS high,
     intDiv(greatest({since:Int64} + 1, low) + {width:Int64} - 1, {width:Int64}) * {width:Int64} AS begin,
     intDiv(least({until:Int64} + 1, high), {width:Int64}) * {width:Int64} AS end
SELECT if(newest > 0 AND end > begin AND {until:Int64} - {since:Int64} > 7200000000, begin, {until:Int64} + 1) AS first,
       if(first = begin, end, first) AS next,
       arrayFilter(one -> one >= first AND one + 86400000000 <= next,
                   arrayMap(one -> one.1, arrayFilter(one -> one.3 >= one.2 AND one.3 >= one.4, days))) AS whole;
