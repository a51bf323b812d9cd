-- How bad a cause of an alert is, of those that are equally severe.
ALTER TABLE alert_events ADD COLUMN IF NOT EXISTS grade Int64 AFTER shown;
