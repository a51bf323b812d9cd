-- Whose clock is not believed by a pool (ClockDistrusted).
ALTER TABLE pool_events ADD COLUMN IF NOT EXISTS clock LowCardinality(String) AFTER fault;
