-- The events of the topic dead.letters, one row each; kafka_* tell where Kafka kept it.
CREATE TABLE IF NOT EXISTS dead_letters
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    name LowCardinality(String),
    format LowCardinality(String),
    reason String,
    text String,
    place String,
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (type, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
