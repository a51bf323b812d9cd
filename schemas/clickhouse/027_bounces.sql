-- The events of the topic bounces, one row each; kafka_* tell where Kafka kept it.
CREATE TABLE IF NOT EXISTS bounces
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    format LowCardinality(String),
    action LowCardinality(String),
    recipient String,
    original_recipient String,
    enhanced_status LowCardinality(String),
    code Int64,
    reply String CODEC(ZSTD(3)),
    reason LowCardinality(String),
    permanent Bool,
    sender String,
    attribution LowCardinality(String),
    confidence Float64,
    doubt String,
    outbound_ip LowCardinality(String),
    reporter String,
    reporting_mta String,
    remote_mta String,
    envelope_from String,
    message_id String,
    queue_id String,
    host LowCardinality(String),
    arrived_at Int64,
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (type, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
-- Attempts by queue id, whatever became of them: what a bounce is about may never have left.
CREATE VIEW IF NOT EXISTS attempted_by_queue_id AS
SELECT host, queue_id, sender, sender_kind, envelope_from, recipient, original_recipient, provider, outbound_ip,
       queued_as, at
FROM mail_events
WHERE type = 'delivery_attempted' AND has({queue_ids:Array(String)}, queue_id)
  AND at >= {since:Int64} AND at <= {until:Int64}
ORDER BY lower(recipient) = {recipient:String} OR lower(original_recipient) = {recipient:String} DESC, at DESC, id
LIMIT 20 BY host, queue_id, sender, provider, outbound_ip LIMIT 5000;
