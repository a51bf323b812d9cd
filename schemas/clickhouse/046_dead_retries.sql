-- The events of the topic dead.retries: which dead letters were ordered to be read again, and what each gave.
CREATE TABLE IF NOT EXISTS dead_retries
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    operator LowCardinality(String),
    reason String,
    preview Bool,
    letters Array(String),
    since Int64,
    until Int64,
    `order` String,
    letter String,
    name LowCardinality(String),
    format LowCardinality(String),
    host LowCardinality(String),
    outcome LowCardinality(String),
    count Int64,
    events Array(String),
    ids Array(String),
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (type, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
-- What is kept of some dead letters is only how they begin: that is not read as a line.
ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS cut Bool AFTER place;
