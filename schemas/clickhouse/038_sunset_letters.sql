-- What became of each letter of a sunset that was decided since a moment (µs): who says so, in which words. The last word
-- counts: a bounce, else what the mail log tells of its delivery, else what the desk was told when it handed it over.
-- `tried` is when the desk last said anything of it (µs, 0: nothing). With a mailbox, only the letters that name it or
-- thank for it, which then are found by the indices of mail_events; "": all. Asked with its parameters:
-- SELECT * FROM sunset_letters(sunset = 'smtp_after_pop', since = 0, mailbox = '').
CREATE VIEW IF NOT EXISTS sunset_letters AS
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
    SELECT DISTINCT message_id, host, queue_id FROM mail_events
    WHERE type = 'message_submitted' AND at > {since:Int64}
      AND message_id IN (SELECT trim(BOTH '<>' FROM message_id) FROM due WHERE message_id != '')
),
attempted AS
(
    SELECT queued.message_id AS message_id, argMax(outcome, attempts.at) AS outcome, argMax(reply, attempts.at) AS reply
    FROM mail_events AS attempts
    INNER JOIN queued ON attempts.host = queued.host AND attempts.queue_id = queued.queue_id
    WHERE attempts.type = 'delivery_attempted' AND attempts.at > {since:Int64}
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
