-- How our IPs present themselves (IpIdentityObserved), and what lists say of our domains (DomainListingObserved).
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS transport LowCardinality(String) AFTER ip;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS helo String AFTER transport;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS ptr Array(String) AFTER helo;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS checks Array(Tuple(name String, outcome String, text String)) AFTER ptr;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS domain String AFTER checks;
ALTER TABLE pool_observations ADD COLUMN IF NOT EXISTS used_by Array(String) AFTER domain;
