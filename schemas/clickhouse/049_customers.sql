-- Whose a mailbox is, as the desk read it in the directory and the configuration: from `begun` until `ended` (µs, 0: still).
-- `address` is a mailbox, an alias (of `mailbox`), a domain (with its @) or a network's name. The directory is the source.
CREATE TABLE IF NOT EXISTS customer_addresses
(
    address String,
    begun Int64,
    ended Int64,
    customer String,
    kind LowCardinality(String),
    mailbox String
)
ENGINE = ReplacingMergeTree(ended)
ORDER BY (address, begun);
CREATE TABLE IF NOT EXISTS customer_accounts
(
    customer String,
    begun Int64,
    ended Int64,
    name String,
    language LowCardinality(String),
    tariff LowCardinality(String),
    flags String,
    reachable Bool
)
ENGINE = ReplacingMergeTree(ended)
ORDER BY (customer, begun);
