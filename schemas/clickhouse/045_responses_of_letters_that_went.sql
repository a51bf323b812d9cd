-- As in 036, but a letter that the desk withdrew asked nobody.
CREATE OR REPLACE VIEW sunset_responses AS
WITH letter_of AS
(
    SELECT sunset, id, any(number) AS letter, any(language) AS spoken, any(due) AS gone, any(message_id) AS mail,
           argMin(uses.mailbox, at) AS mailboxes
    FROM sunset_events
    WHERE type = 'letter_due' AND kind = 'letter' AND recipient != '' AND message_id NOT IN
    (
        SELECT message_id FROM sunset_events
        WHERE type = 'notice_sent' AND status = 'refused' AND startsWith(reply, 'withdrawn')
    )
    GROUP BY sunset, id
),
named AS (SELECT sunset, letter, spoken, gone, mail, box FROM letter_of ARRAY JOIN mailboxes AS box),
quiet AS
(
    SELECT sunset, mailbox AS box, min(at) AS told, any(last) AS seen
    FROM sunset_events
    WHERE type = 'user_done'
    GROUP BY sunset, box, id
),
ended AS
(
    SELECT named.sunset AS sunset, letter, spoken, gone, mail, named.box AS box, minIf(quiet.told, quiet.told > gone) AS stop,
           argMinIf(quiet.seen, quiet.told, quiet.told > gone) AS last_seen
    FROM named LEFT JOIN quiet ON named.sunset = quiet.sunset AND named.box = quiet.box
    GROUP BY sunset, letter, spoken, gone, mail, box
),
answered AS
(
    SELECT *, stop = 0 OR gone <= last_seen + 86400000000 AS asked,
           maxIf(gone, gone <= last_seen + 86400000000) OVER (PARTITION BY sunset, box, stop) AS newest
    FROM ended
)
SELECT sunset, letter AS number, spoken AS language, uniqExact(mail) AS letters,
       uniqExactIf(mail, mail IN (SELECT message_id FROM sunset_events WHERE type = 'notice_sent' AND status = 'sent')) AS sent,
       countIf(asked) AS mailboxes,
       countIf(stop > 0 AND asked AND gone = newest AND last_seen < gone + 604800000000) AS stopped,
       if(mailboxes = 0, 0., stopped / mailboxes) AS share
FROM answered
GROUP BY sunset, number, language;
