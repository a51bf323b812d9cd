-- By which rules a mailbox came to its step (StepChanged.rules): what the mailboxes of a case have in common.
ALTER TABLE case_observations ADD COLUMN IF NOT EXISTS rules Array(LowCardinality(String)) AFTER decision;
