-- The newest state of each pool (topic pool.state): what a restart continues from.
CREATE TABLE IF NOT EXISTS pool_state
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
