-- Whether who gave an order may take a pool below min_active.
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS within_guard Bool AFTER expires_at;
ALTER TABLE mailbox_signals ADD COLUMN IF NOT EXISTS within_guard Bool AFTER expires_at;
