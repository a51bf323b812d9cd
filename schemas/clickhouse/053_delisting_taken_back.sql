-- What an operator did about a delisting and somebody took back: what counts of the events, as of a moment (µs), is a view.
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS takes_back String AFTER outcome;
ALTER TABLE delisting_events ADD COLUMN IF NOT EXISTS takes_back String AFTER outcome;
ALTER TABLE delisting_events ADD COLUMN IF NOT EXISTS what LowCardinality(String) AFTER takes_back;
CREATE VIEW IF NOT EXISTS delisting_counted AS
SELECT * FROM delisting_events FINAL
WHERE at <= {until:Int64} AND type != 'delisting_taken_back'
  AND id NOT IN (SELECT takes_back FROM delisting_events WHERE type = 'delisting_taken_back' AND at <= {until:Int64});
