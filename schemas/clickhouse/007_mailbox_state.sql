-- The newest state of each mailbox (topic mailbox.state): what a restart continues from, and the score of today.
CREATE TABLE IF NOT EXISTS mailbox_state
(
    mailbox String,
    at Int64,
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    score Float64,
    step LowCardinality(String),
    state String CODEC(ZSTD(3)),
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(at)
ORDER BY mailbox
SETTINGS non_replicated_deduplication_window = 10000;
