-- How a list answered the questions of a round, and how fast (ListHealthObserved).
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS questions Int64 AFTER ip_version;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS silent Int64 AFTER questions;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS failed Int64 AFTER silent;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS answered Array(Int64) AFTER failed;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS slowest_us Int64 AFTER answered;
