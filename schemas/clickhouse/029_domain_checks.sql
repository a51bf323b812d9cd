-- The events of the topic domain.checks, one row each look at a customer's domain; kafka_* tell where Kafka kept it.
CREATE TABLE IF NOT EXISTS domain_checks
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    domain String,
    customer String,
    outcome LowCardinality(String),
    mx LowCardinality(String),
    spf LowCardinality(String),
    dkim LowCardinality(String),
    dmarc LowCardinality(String),
    checks Array(Tuple(name String, outcome String, code String, text String, subject String, facts Array(String), record String, publish String)) CODEC(ZSTD(3)),
    questions Int64,
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (type, domain, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
