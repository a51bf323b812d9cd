-- MailboxThrottled: to how many recipients an hour a mailbox is held.
ALTER TABLE mailbox_events ADD COLUMN IF NOT EXISTS recipients_per_hour Int64 AFTER mode;
