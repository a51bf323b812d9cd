-- The events of the topic mailbox.events, one row each; kafka_* tell where Kafka kept it.
CREATE TABLE IF NOT EXISTS mailbox_events
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    mailbox String,
    score Float64,
    step LowCardinality(String),
    evidence Array(Tuple(rule LowCardinality(String), text String, value Float64, usual Float64, points Float64)),
    mode LowCardinality(String),
    operator LowCardinality(String),
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (mailbox, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
