-- The events of the topic mailbox.signals, one row each; kafka_* tell where Kafka kept it.
CREATE TABLE IF NOT EXISTS mailbox_signals
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    mailbox String,
    operator LowCardinality(String),
    action LowCardinality(String),
    subject String,
    reason String,
    pool LowCardinality(String),
    expires_at Int64,
    ip LowCardinality(String),
    messages Int64,
    share Float64,
    decision String,
    step LowCardinality(String),
    hook LowCardinality(String),
    host LowCardinality(String),
    took_ms Int64,
    attempt Int64,
    customer String,
    recipient String,
    template LowCardinality(String),
    language LowCardinality(String),
    message_id String,
    status LowCardinality(String),
    reply String,
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (type, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
