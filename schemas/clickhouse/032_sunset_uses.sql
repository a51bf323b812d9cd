-- How a client came (EHLO name, program, TLS version, in the clear), whose a mail without a login may be; and, by the
-- hour, who uses what is going away (old_ways), when each was last seen doing it the new way (new_ways), and which hosts'
-- logs told anything, and of logins what (heard_hosts). An event that is stored twice counts once: uniq of ids, min and max.
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS mailer String AFTER helo;
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS candidates Array(Tuple(mailbox String, confidence Float64)) AFTER mailer;
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS tls_version LowCardinality(String) AFTER tls;
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS cleartext Bool AFTER tls_version;
ALTER TABLE sunset_events MODIFY COLUMN use Tuple(mailbox String, messages Int64, first Int64, last Int64, confidence Float64, switched Int64, clients Array(Tuple(ip String, helo String, message_host String, program String, messages Int64, first Int64, last Int64)), hosts Array(String));
ALTER TABLE sunset_events MODIFY COLUMN uses Array(Tuple(mailbox String, messages Int64, first Int64, last Int64, confidence Float64, switched Int64, clients Array(Tuple(ip String, helo String, message_host String, program String, messages Int64, first Int64, last Int64)), hosts Array(String))) CODEC(ZSTD(3));
CREATE TABLE IF NOT EXISTS old_ways
(
    way LowCardinality(String),
    hour DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    mailbox String,
    tls_version LowCardinality(String),
    confidence Float64,
    host LowCardinality(String),
    client_ip String,
    helo String,
    message_host String,
    program String,
    events AggregateFunction(uniq, String),
    first SimpleAggregateFunction(min, Int64),
    last SimpleAggregateFunction(max, Int64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (way, hour, mailbox, tls_version, confidence, host, client_ip, helo, message_host, program)
TTL hour + toIntervalDay(400)
SETTINGS non_replicated_deduplication_window = 10000;
CREATE TABLE IF NOT EXISTS new_ways
(
    way LowCardinality(String),
    mailbox String,
    tls_version LowCardinality(String),
    last SimpleAggregateFunction(max, Int64)
)
ENGINE = AggregatingMergeTree
ORDER BY (way, mailbox, tls_version)
SETTINGS non_replicated_deduplication_window = 10000;
CREATE TABLE IF NOT EXISTS heard_hosts
(
    hour DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    host LowCardinality(String),
    logins Bool,
    tells LowCardinality(String),
    last SimpleAggregateFunction(max, Int64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, host, logins, tells)
TTL hour + toIntervalDay(400)
SETTINGS non_replicated_deduplication_window = 10000;
CREATE MATERIALIZED VIEW IF NOT EXISTS old_ways_of_mails TO old_ways AS
SELECT 'smtp_after_pop' AS way, toStartOfHour(fromUnixTimestamp64Micro(at, 'UTC')) AS hour,
       candidate.1 AS mailbox, '' AS tls_version, round(candidate.2, 2) AS confidence, host, client_ip,
       substringUTF8(helo, 1, 200) AS helo,
       if(position(message_id, '@') > 0, substringUTF8(lower(arrayElement(splitByChar('@', message_id), -1)), 1, 200), '')
           AS message_host,
       substringUTF8(mailer, 1, 200) AS program,
       uniqState(id) AS events, min(at) AS first, max(at) AS last
FROM mail_events ARRAY JOIN candidates AS candidate
WHERE type = 'message_submitted' AND sender_kind = 'pop'
GROUP BY way, hour, mailbox, tls_version, confidence, host, client_ip, helo, message_host, program;
CREATE MATERIALIZED VIEW IF NOT EXISTS old_ways_of_cleartext TO old_ways AS
SELECT 'cleartext_login' AS way, toStartOfHour(fromUnixTimestamp64Micro(at, 'UTC')) AS hour,
       mailbox, '' AS tls_version, 1. AS confidence, host, client_ip, '' AS helo, '' AS message_host, service AS program,
       uniqState(id) AS events, min(at) AS first, max(at) AS last
FROM mail_events
WHERE type = 'mailbox_authenticated' AND outcome = 'succeeded' AND cleartext AND mailbox != ''
GROUP BY way, hour, mailbox, tls_version, confidence, host, client_ip, helo, message_host, program;
CREATE MATERIALIZED VIEW IF NOT EXISTS old_ways_of_tls TO old_ways AS
SELECT 'old_tls' AS way, toStartOfHour(fromUnixTimestamp64Micro(at, 'UTC')) AS hour,
       mailbox, tls_version, 1. AS confidence, host, client_ip, '' AS helo, '' AS message_host, service AS program,
       uniqState(id) AS events, min(at) AS first, max(at) AS last
FROM mail_events
WHERE type = 'mailbox_authenticated' AND outcome = 'succeeded' AND mailbox != ''
  AND tls_version IN ('SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2')
GROUP BY way, hour, mailbox, tls_version, confidence, host, client_ip, helo, message_host, program;
CREATE MATERIALIZED VIEW IF NOT EXISTS new_ways_of_smtp TO new_ways AS
SELECT 'smtp_after_pop' AS way, mailbox, '' AS tls_version, max(at) AS last
FROM mail_events
WHERE type = 'mailbox_authenticated' AND outcome = 'succeeded' AND service = 'smtp' AND mailbox != ''
GROUP BY way, mailbox, tls_version;
CREATE MATERIALIZED VIEW IF NOT EXISTS new_ways_of_submissions TO new_ways AS
SELECT 'smtp_after_pop' AS way, sender AS mailbox, '' AS tls_version, max(at) AS last
FROM mail_events
WHERE type = 'message_submitted' AND sender_kind = 'sasl'
GROUP BY way, mailbox, tls_version;
CREATE MATERIALIZED VIEW IF NOT EXISTS new_ways_of_tls TO new_ways AS
SELECT 'cleartext_login' AS way, mailbox, tls_version, max(at) AS last
FROM mail_events
WHERE type = 'mailbox_authenticated' AND outcome = 'succeeded' AND tls AND mailbox != ''
GROUP BY way, mailbox, tls_version;
CREATE MATERIALIZED VIEW IF NOT EXISTS heard_hosts_of_mail_events TO heard_hosts AS
SELECT toStartOfHour(fromUnixTimestamp64Micro(at, 'UTC')) AS hour, host,
       type = 'mailbox_authenticated' AND service != 'smtp' AS logins,
       multiIf(type != 'mailbox_authenticated' OR outcome != 'succeeded', '', tls_version != '', 'version', tls, 'tls',
               cleartext, 'cleartext', 'nothing') AS tells,
       max(at) AS last
FROM mail_events
WHERE host != '' AND type != 'source_opened'
GROUP BY hour, host, logins, tells;
