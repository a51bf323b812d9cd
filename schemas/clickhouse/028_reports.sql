-- The events of the topic reports, one row each: DMARC, TLS-RPT, SNDS, Postmaster Tools; kafka_* tell where Kafka kept it.
CREATE TABLE IF NOT EXISTS reports
(
    type LowCardinality(String),
    id String CODEC(ZSTD(3)),
    at Int64 CODEC(DoubleDelta, ZSTD(1)),
    time DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(at, 'UTC'),
    reporter LowCardinality(String),
    report_id String,
    domain LowCardinality(String),
    begin_at Int64,
    end_at Int64,
    ip String,
    messages Int64,
    disposition LowCardinality(String),
    dkim LowCardinality(String),
    spf LowCardinality(String),
    header_from String,
    envelope_from String,
    envelope_to String,
    policy LowCardinality(String),
    dkim_domains Array(String),
    selectors Array(String),
    spf_domains Array(String),
    overrides Array(String),
    contact String,
    successful Int64,
    failed Int64,
    result LowCardinality(String),
    sessions Int64,
    sending_ip String,
    receiving_host String,
    receiving_ip String,
    detail String,
    rcpt_commands Int64,
    data_commands Int64,
    filter_result LowCardinality(String),
    complaint_rate String,
    trap_hits Int64,
    helo String,
    comment String,
    blocked LowCardinality(String),
    metric LowCardinality(String),
    value Float64,
    text String,
    kafka_cluster LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset UInt64,
    INDEX kafka_place kafka_offset TYPE minmax GRANULARITY 1,
    INDEX ips ip TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(at, 'UTC'))
ORDER BY (type, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
-- What an authentication failure report (RFC 6591, RFC 9991) tells beside the mail that it is about.
ALTER TABLE complaints ADD COLUMN IF NOT EXISTS auth_failure LowCardinality(String) AFTER report_url;
ALTER TABLE complaints ADD COLUMN IF NOT EXISTS reported_domain String AFTER auth_failure;
ALTER TABLE complaints ADD COLUMN IF NOT EXISTS alignment LowCardinality(String) AFTER reported_domain;
ALTER TABLE complaints ADD COLUMN IF NOT EXISTS delivery_result LowCardinality(String) AFTER alignment;
ALTER TABLE complaints ADD COLUMN IF NOT EXISTS auth_results String AFTER delivery_result;
