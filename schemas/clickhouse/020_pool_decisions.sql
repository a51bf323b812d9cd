-- Decisions about one provider, the mode of a pool, and what is known of each sender through an IP; a mailbox's step.
ALTER TABLE pool_events ADD COLUMN IF NOT EXISTS provider LowCardinality(String) AFTER ip;
ALTER TABLE pool_events ADD COLUMN IF NOT EXISTS mode LowCardinality(String) AFTER reason;
ALTER TABLE pool_events MODIFY COLUMN culprits Array(Tuple(
    sender String, messages Int64, recipients Int64, unknown_users Int64, refusals Int64, complaints Int64,
    networks Int64, share Float64, minutes Int64));
ALTER TABLE pool_observations MODIFY COLUMN senders Array(Tuple(
    sender String, messages Int64, recipients Int64, unknown_users Int64, refusals Int64, complaints Int64,
    networks Int64, share Float64, minutes Int64));
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS mailbox String AFTER subject;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS step LowCardinality(String) AFTER mailbox;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS mode LowCardinality(String) AFTER step;
ALTER TABLE mailbox_signals ADD COLUMN IF NOT EXISTS provider LowCardinality(String) AFTER expires_at;
