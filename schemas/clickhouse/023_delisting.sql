-- Delisting cases: where a listing's removal is asked for, what operators did, and the topics delisting.events and .state.
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS removal LowCardinality(String) AFTER ttl_seconds;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS lasts LowCardinality(String) AFTER removal;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS lasts_hours Int64 AFTER lasts;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS case String AFTER action;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS how String AFTER case;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS reference String AFTER how;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS note String AFTER reference;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS outcome LowCardinality(String) AFTER note;
CREATE TABLE IF NOT EXISTS delisting_events
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    case String,
    pool LowCardinality(String),
    list LowCardinality(String),
    subject String,
    scope LowCardinality(String),
    since Int64,
    ips Array(String),
    codes Array(String),
    reason String,
    removal String,
    lasts String,
    lasts_hours Int64,
    relapse Int64,
    evidence Array(Tuple(rule LowCardinality(String), text String, value Float64, usual Float64, points Float64)),
    culprits Array(Tuple(
        sender String, messages Int64, recipients Int64, unknown_users Int64, refusals Int64, complaints Int64,
        networks Int64, share Float64, minutes Int64)),
    kind LowCardinality(String),
    operator LowCardinality(String),
    how String,
    reference String,
    note String,
    requests Int64,
    outcome LowCardinality(String),
    took_seconds Int64,
    waited_seconds Int64,
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (case, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
CREATE TABLE IF NOT EXISTS delisting_state
(
    pool String,
    at Int64,
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    state String CODEC(ZSTD(3)),
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(at)
ORDER BY pool
SETTINGS non_replicated_deduplication_window = 10000;
