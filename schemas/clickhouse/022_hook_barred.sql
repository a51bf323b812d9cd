-- What a hook brought in force, or should have, for single providers: the IPs that send nothing to each.
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS barred Map(String, Array(String)) AFTER active;
