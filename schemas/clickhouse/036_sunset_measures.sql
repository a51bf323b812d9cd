-- How a sunset goes: where it stood each day and week, what each letter brought, and when nothing is left.
-- A decision that stands in the log twice, as two desks at once would write it, counts once.
CREATE VIEW IF NOT EXISTS sunset_days AS
SELECT sunset, toDate(day) AS date, language, argMin(found, at) AS mailboxes_found, argMin(open, at) AS mailboxes_open,
       argMin(done, at) AS mailboxes_done, argMin(exempt, at) AS mailboxes_exempt, argMin(relapsed, at) AS mailboxes_relapsed,
       argMin(customers, at) AS customers_open, argMin(messages, at) AS messages_week, argMin(unheard, at) AS days_unheard
FROM sunset_events
WHERE type = 'sunset_counted'
GROUP BY sunset, date, language;
CREATE VIEW IF NOT EXISTS sunset_burndown AS
SELECT sunset, toMonday(date) AS monday, language, max(date) AS counted, argMax(mailboxes_found, date) AS found,
       argMax(mailboxes_open, date) AS open, argMax(mailboxes_done, date) AS done, argMax(mailboxes_exempt, date) AS exempt,
       argMax(mailboxes_relapsed, date) AS relapsed, argMax(customers_open, date) AS customers,
       argMax(messages_week, date) AS messages, argMax(days_unheard, date) AS unheard
FROM sunset_days
GROUP BY sunset, monday, language;
-- A mailbox that stopped answered the newest letter that named it and was due no later than a day after it was seen last:
-- who stops because of a letter may have used the old way for the last time on the day before. It counts for that letter
-- if it was not seen later than a week after it. Who had stopped before a letter is not among those whom it asked.
CREATE VIEW IF NOT EXISTS sunset_responses AS
WITH letter_of AS
(
    SELECT sunset, id, any(number) AS letter, any(language) AS spoken, any(due) AS gone, any(message_id) AS mail,
           argMin(uses.mailbox, at) AS mailboxes
    FROM sunset_events
    WHERE type = 'letter_due' AND kind = 'letter' AND recipient != ''
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
-- The forecast: the open mailboxes of the last 28 days that were counted fall by a constant share a day (a straight line
-- through the logarithms, least squares); nothing is left where that line comes below half a mailbox. It cannot be told
-- from fewer than seven days, where they do not fall, nor beyond ten years.
CREATE VIEW IF NOT EXISTS sunset_forecasts AS
WITH daily AS
(
    SELECT sunset, date, sum(mailboxes_open) AS open, max(days_unheard) AS unheard FROM sunset_days GROUP BY sunset, date
),
newest AS
(
    SELECT sunset, max(date) AS counted, argMax(open, date) AS left_open,
           if(countIf(open > 0) = 0, min(date), maxIf(date, open > 0) + 1) AS emptied
    FROM daily GROUP BY sunset
),
line AS
(
    SELECT daily.sunset AS sunset, count() AS days,
           simpleLinearRegression(toFloat64(dateDiff('day', newest.counted, daily.date)), log(toFloat64(daily.open))) AS fit
    FROM daily INNER JOIN newest ON daily.sunset = newest.sunset
    WHERE daily.date > newest.counted - 28 AND daily.open > 0 AND daily.unheard = 0
    GROUP BY sunset
)
SELECT newest.sunset AS sunset, newest.counted AS counted, newest.left_open AS open, line.days AS days, line.fit.1 AS slope,
       line.fit.2 AS level, (log(0.5) - level) / slope AS wait,
       multiIf(
           newest.left_open = 0, toNullable(newest.emptied),
           line.days < 7 OR NOT isFinite(slope) OR slope >= 0 OR wait > 3650, NULL,
           toNullable(newest.counted + toInt32(greatest(ceil(wait), 1)))
       ) AS nothing_left
FROM newest LEFT JOIN line ON newest.sunset = line.sunset;
