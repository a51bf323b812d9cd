-- Why a list has no vote, and when one that refuses is asked again (ListHealthObserved).
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS fault LowCardinality(String) AFTER healthy;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS next_at Int64 AFTER fault;
