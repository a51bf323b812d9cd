-- The events of the topic pool.events, one row each; kafka_* tell where Kafka kept it.
CREATE TABLE IF NOT EXISTS pool_events
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    pool LowCardinality(String),
    ip LowCardinality(String),
    until Int64,
    relapse Int64,
    evidence Array(Tuple(rule LowCardinality(String), text String, value Float64, usual Float64, points Float64)),
    culprits Array(Tuple(sender String, messages Int64)),
    operator LowCardinality(String),
    share Float64,
    reason String,
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (type, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
