-- What does not pass of a customer's domain, in words, worked out once when a look is stored.
ALTER TABLE domain_checks ADD COLUMN IF NOT EXISTS wrong String
    MATERIALIZED arrayStringConcat(arrayMap(one -> one.text, arrayFilter(one -> one.outcome IN ('fail', 'absent', 'unknown'), checks)), ' ')
    CODEC(ZSTD(3)) AFTER checks;
ALTER TABLE domain_checks MATERIALIZE COLUMN wrong;
