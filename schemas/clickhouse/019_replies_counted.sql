-- What the refusals of remote servers were about: one row a kind, provider and IP of each partition's count.
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS kind LowCardinality(String) AFTER senders;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS named LowCardinality(String) AFTER kind;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS pattern LowCardinality(String) AFTER named;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS enhanced_status LowCardinality(String) AFTER pattern;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS text String CODEC(ZSTD(3)) AFTER enhanced_status;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS count Int64 AFTER text;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS messages Int64 AFTER count;
