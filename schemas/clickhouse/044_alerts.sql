-- The events of the topic alert.events: what was raised, told, acknowledged and resolved.
CREATE TABLE IF NOT EXISTS alert_events
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    alert String,
    rule LowCardinality(String),
    subject String,
    severity LowCardinality(String),
    text String,
    since Int64,
    evidence Array(Tuple(rule LowCardinality(String), text String, value Float64, usual Float64, points Float64)),
    page LowCardinality(String),
    shown String,
    count Int64,
    until Int64,
    operator LowCardinality(String),
    reason String,
    message String,
    channel LowCardinality(String),
    telling LowCardinality(String),
    alerts Array(String),
    status LowCardinality(String),
    answer String,
    attempt Int64,
    desk LowCardinality(String),
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (alert, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
