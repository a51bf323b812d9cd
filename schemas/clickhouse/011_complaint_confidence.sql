-- How sure a complaint's sender is, and why there is none; what the log knows of a mail that is complained of.
ALTER TABLE complaints ADD COLUMN IF NOT EXISTS confidence Float64 AFTER attribution;
ALTER TABLE complaints ADD COLUMN IF NOT EXISTS reason String AFTER confidence;
ALTER TABLE complaints ADD COLUMN IF NOT EXISTS host LowCardinality(String) AFTER queue_id;
ALTER TABLE complaints ADD COLUMN IF NOT EXISTS report_url String AFTER arrived_at;
-- A look-up by an id reads the few granules that may hold it, not all of its days.
ALTER TABLE mail_events ADD INDEX IF NOT EXISTS queue_ids queue_id TYPE bloom_filter(0.001) GRANULARITY 1;
ALTER TABLE mail_events ADD INDEX IF NOT EXISTS message_ids message_id TYPE bloom_filter(0.001) GRANULARITY 1;
ALTER TABLE mail_events MATERIALIZE INDEX queue_ids;
ALTER TABLE mail_events MATERIALIZE INDEX message_ids;
-- Of each sender the newest messages with a Message-ID. A row may be stored twice: that changes no answer.
CREATE VIEW IF NOT EXISTS submitted_by_message_id AS
SELECT host, queue_id, sender, sender_kind, envelope_from, at
FROM mail_events
WHERE type = 'message_submitted' AND message_id = {message_id:String}
  AND at >= {since:Int64} AND at <= {until:Int64}
ORDER BY at DESC, host, queue_id LIMIT 20 BY sender LIMIT 1000;
-- Deliveries by queue id; of those alike, the ones to the reported recipient come first.
CREATE VIEW IF NOT EXISTS delivered_by_queue_id AS
SELECT host, queue_id, sender, sender_kind, envelope_from, recipient, original_recipient, provider, outbound_ip,
       queued_as, at
FROM mail_events
WHERE type = 'delivery_attempted' AND outcome = 'sent' AND has({queue_ids:Array(String)}, queue_id)
  AND at >= {since:Int64} AND at <= {until:Int64}
ORDER BY lower(recipient) = {recipient:String} OR lower(original_recipient) = {recipient:String} DESC, at DESC, id
LIMIT 20 BY host, queue_id, sender, provider, outbound_ip LIMIT 5000;
