-- Why a list has no vote, and when one that refuses is asked again (ListHealthObserved); what the pools are told of it.
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS fault LowCardinality(String) AFTER healthy;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS next_at Int64 AFTER fault;
ALTER TABLE pool_events ADD COLUMN IF NOT EXISTS list LowCardinality(String) AFTER ip;
ALTER TABLE pool_events ADD COLUMN IF NOT EXISTS fault LowCardinality(String) AFTER list;
