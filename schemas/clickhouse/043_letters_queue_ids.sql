-- As in 038, but a queue id may come again: a letter's attempts are those before the next mail with its queue id on that
-- host, and within a week. One that the desk withdrew is none that customer care has to call about.
CREATE OR REPLACE VIEW sunset_letters AS
WITH
due AS
(
    SELECT id, at, customer, name, recipient, language, kind, number, of, week, due AS goes, message_id, problem,
           uses.mailbox AS mailboxes, thanked
    FROM sunset_events FINAL
    WHERE type = 'letter_due' AND sunset = {sunset:String} AND at > {since:Int64}
      AND ({mailbox:String} = '' OR has(uses.mailbox, {mailbox:String}) OR has(thanked, {mailbox:String}))
),
told AS
(
    SELECT message_id, argMax(sunset_events.status, (sunset_events.status != 'intended', at)) AS status,
           argMax(sunset_events.reply, (sunset_events.status != 'intended', at)) AS reply, max(at) AS last
    FROM sunset_events FINAL
    WHERE type = 'notice_sent' AND sunset = {sunset:String} AND at > {since:Int64}
    GROUP BY message_id
),
queued AS
(
    SELECT message_id, host, queue_id, min(at) AS began FROM mail_events
    WHERE type = 'message_submitted' AND at > {since:Int64}
      AND message_id IN (SELECT trim(BOTH '<>' FROM message_id) FROM due WHERE message_id != '')
    GROUP BY message_id, host, queue_id
),
lasting AS
(
    SELECT queued.message_id AS message_id, queued.host AS host, queued.queue_id AS queue_id, any(queued.began) AS began,
           minIf(others.at, others.at > queued.began AND others.message_id != queued.message_id) AS next,
           if(next = 0, began + 604800000000, least(next, began + 604800000000)) AS over
    FROM queued
    LEFT JOIN
    (
        SELECT host, queue_id, message_id, at FROM mail_events
        WHERE type = 'message_submitted' AND at > {since:Int64} AND (host, queue_id) IN (SELECT host, queue_id FROM queued)
    ) AS others ON others.host = queued.host AND others.queue_id = queued.queue_id
    GROUP BY message_id, host, queue_id
),
attempted AS
(
    SELECT lasting.message_id AS message_id, argMax(outcome, attempts.at) AS outcome, argMax(reply, attempts.at) AS reply
    FROM mail_events AS attempts
    INNER JOIN lasting ON attempts.host = lasting.host AND attempts.queue_id = lasting.queue_id
    WHERE attempts.type = 'delivery_attempted' AND attempts.at > {since:Int64}
      AND attempts.at >= lasting.began AND attempts.at < lasting.over
      AND (attempts.host, attempts.queue_id) IN (SELECT host, queue_id FROM queued)
    GROUP BY message_id
),
returned AS
(
    SELECT message_id, argMax(reply, at) AS reply FROM bounces FINAL
    WHERE action = 'failed' AND at > {since:Int64}
      AND message_id IN (SELECT trim(BOTH '<>' FROM message_id) FROM due WHERE message_id != '')
    GROUP BY message_id
)
SELECT due.id AS id, due.at AS at, due.customer AS customer, due.name AS name, due.recipient AS recipient,
       due.language AS language, due.kind AS kind, due.number AS number, due.of AS of, due.week AS week, due.goes AS due,
       due.mailboxes AS mailboxes, due.thanked AS thanked, due.message_id AS message_id, told.last AS tried,
       multiIf(
           due.recipient = '', 'nobody to write to',
           returned.message_id != '' OR attempted.outcome = 'bounced', 'bounced',
           attempted.outcome = 'sent', 'delivered',
           told.status = 'sent', 'sent',
           told.status = 'intended', 'on its way',
           told.status = '', 'waiting',
           told.status = 'refused' AND startsWith(told.reply, 'withdrawn'), 'withdrawn',
           told.status
       ) AS state,
       multiIf(
           due.recipient = '', due.problem,
           returned.message_id != '', returned.reply,
           attempted.outcome IN ('bounced', 'sent') OR (told.status = 'sent' AND attempted.reply != ''), attempted.reply,
           told.status = 'intended', '',
           told.reply
       ) AS words
FROM due
LEFT JOIN told ON told.message_id = due.message_id
LEFT JOIN attempted ON attempted.message_id = trim(BOTH '<>' FROM due.message_id)
LEFT JOIN returned ON returned.message_id = trim(BOTH '<>' FROM due.message_id)
SETTINGS join_use_nulls = 0;
