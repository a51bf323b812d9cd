-- What the switches of the relay hosts did: which stages of a sunset are off there, or why that could not be written.
ALTER TABLE sunset_events ADD COLUMN IF NOT EXISTS hook LowCardinality(String) AFTER ticket;
ALTER TABLE sunset_events ADD COLUMN IF NOT EXISTS host LowCardinality(String) AFTER hook;
ALTER TABLE sunset_events ADD COLUMN IF NOT EXISTS off Array(Int64) AFTER host;
ALTER TABLE sunset_events ADD COLUMN IF NOT EXISTS attempt Int64 AFTER off;
