-- The day of each mailbox of a letter whose stages end on different ones, and how many it had no room for.
ALTER TABLE sunset_events ADD COLUMN IF NOT EXISTS days Array(String) AFTER problem;
ALTER TABLE sunset_events ADD COLUMN IF NOT EXISTS more Int64 AFTER days;
