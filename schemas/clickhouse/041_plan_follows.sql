-- The plan of stages that a plan moved by the desk follows: where another was made since, the moved one is none.
ALTER TABLE sunset_events ADD COLUMN IF NOT EXISTS follows String AFTER more;
