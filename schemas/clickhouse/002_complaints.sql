-- The events of the topic complaints, one row each; kafka_* tell where Kafka kept it.
CREATE TABLE IF NOT EXISTS complaints
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    feedback_type LowCardinality(String),
    sender String,
    attribution LowCardinality(String),
    outbound_ip LowCardinality(String),
    reporter String,
    envelope_from String,
    recipient String,
    message_id String,
    queue_id String,
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
