-- The events of the topic pool.observations, one row each; kafka_* tell where Kafka kept it.
CREATE TABLE IF NOT EXISTS pool_observations
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    ip LowCardinality(String),
    list LowCardinality(String),
    answer LowCardinality(String),
    codes Array(String),
    reason String,
    scope LowCardinality(String),
    weight Float64,
    ttl_seconds Int64,
    healthy Bool,
    partition Int64,
    provider LowCardinality(String),
    sent Int64,
    deferred Int64,
    bounced Int64,
    complaints Int64,
    first_at Int64,
    last_at Int64,
    senders Array(Tuple(sender String, messages Int64)),
    pool LowCardinality(String),
    hook LowCardinality(String),
    host LowCardinality(String),
    active Map(String, Float64),
    decision String,
    took_ms Int64,
    attempt Int64,
    operator LowCardinality(String),
    action LowCardinality(String),
    subject String,
    expires_at Int64,
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (type, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
