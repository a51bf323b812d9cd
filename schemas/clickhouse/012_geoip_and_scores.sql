-- Where a client was (a GeoIP database), and what a spam filter of ours made of a message (MessageScored).
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS client_country LowCardinality(String) AFTER client_name;
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS client_asn Int64 AFTER client_country;
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS client_latitude Float64 AFTER client_asn;
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS client_longitude Float64 AFTER client_latitude;
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS engine LowCardinality(String) AFTER attempts;
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS score Float64 AFTER engine;
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS threshold Float64 AFTER score;
ALTER TABLE mail_events ADD COLUMN IF NOT EXISTS action LowCardinality(String) AFTER threshold;
