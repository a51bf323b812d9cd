-- Of each queue id of these the newest submission: who sent what a dead letter tells of, when it is read again.
CREATE VIEW IF NOT EXISTS submitted_by_queue_id AS
SELECT host, queue_id, at, sender, sender_kind, envelope_from
FROM mail_events
WHERE type = 'message_submitted' AND has({queue_ids:Array(String)}, queue_id)
  AND at >= {since:Int64} AND at <= {until:Int64}
ORDER BY at DESC, host, queue_id, id LIMIT 20 BY host, queue_id LIMIT 20000;
