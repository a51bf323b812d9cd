-- Identities of ours in lists of stolen ones (topic mailbox.leaks), by a keyed digest: no address is kept.
CREATE TABLE IF NOT EXISTS mailbox_leaks
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    digest String,
    partition Int64,
    partitions Int64,
    source LowCardinality(String),
    leaked_at Int64,
    passwords Bool,
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (digest, id)
SETTINGS non_replicated_deduplication_window = 10000;
