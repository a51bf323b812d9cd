-- Orders of stages given on a page, and which step or refusal of the desk answers each.
ALTER TABLE sunset_events ADD COLUMN IF NOT EXISTS action LowCardinality(String) AFTER attempt;
ALTER TABLE sunset_events ADD COLUMN IF NOT EXISTS answers String AFTER action;
