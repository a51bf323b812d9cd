-- The IP version over which alone a list has no vote (ListHealthObserved); 0: over each, or none.
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS ip_version Int64 AFTER next_at;
