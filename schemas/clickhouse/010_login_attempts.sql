-- How many logins one line told of (MailboxAuthenticated.attempts); 0: one, or not told.
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS attempts Int64 AFTER tls;
