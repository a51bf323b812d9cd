-- How far each partition's mail traffic was counted (topic traffic.state): what a restart continues from.
CREATE TABLE IF NOT EXISTS traffic_state
(
    partition UInt32,
    at Int64,
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    state String CODEC(ZSTD(3)),
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY partition
SETTINGS non_replicated_deduplication_window = 10000;
