-- Cases: several mailboxes of one customer under attack (topics case.observations, case.events and case.state).
CREATE TABLE IF NOT EXISTS case_observations
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    mailbox String,
    customer String,
    step LowCardinality(String),
    score Float64,
    decision String,
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (customer, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
CREATE TABLE IF NOT EXISTS case_events
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    case String,
    customer String,
    mailboxes Array(String),
    evidence Array(Tuple(rule LowCardinality(String), text String, value Float64, usual Float64, points Float64)),
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (customer, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
CREATE TABLE IF NOT EXISTS case_state
(
    customer String,
    at Int64,
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    state String CODEC(ZSTD(3)),
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(at)
ORDER BY customer
SETTINGS non_replicated_deduplication_window = 10000;
