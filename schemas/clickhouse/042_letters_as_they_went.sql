-- What a letter asked for and thanked for as it was handed over; a mail about one mailbox says neither.
ALTER TABLE sunset_events ADD COLUMN IF NOT EXISTS named Array(String) AFTER status;
ALTER TABLE mailbox_signals ADD COLUMN IF NOT EXISTS named Array(String) AFTER sunset;
ALTER TABLE mailbox_signals ADD COLUMN IF NOT EXISTS thanked Array(String) AFTER named
