-- One view for each of the three tables of 032 instead of seven: each block is read and written three times, and what is
-- no login or submission is left out first. heard_hosts tells, too, how many logins failed in an hour (an id counts once;
-- above some thousands it is an estimate): the last eight days are counted anew, the newer view sees what comes meanwhile.
-- The new views stand before the old ones go: what both count is counted once.
-- No GROUP BY where nearly each row has a key of its own: ClickHouse puts together what is alike as it writes a block.
ALTER TABLE heard_hosts ADD COLUMN IF NOT EXISTS failed AggregateFunction(uniqCombined(14), String) AFTER tells;
CREATE MATERIALIZED VIEW IF NOT EXISTS old_ways_of_events TO old_ways AS
SELECT used.1 AS way, toStartOfHour(fromUnixTimestamp64Micro(at, 'UTC')) AS hour, used.2 AS mailbox, used.3 AS tls_version,
       used.4 AS confidence, host, client_ip, if(login, '', substringUTF8(helo, 1, 200)) AS helo,
       if(NOT login AND position(message_id, '@') > 0,
          substringUTF8(lower(arrayElement(splitByChar('@', message_id), -1)), 1, 200), '') AS message_host,
       if(login, service, substringUTF8(mailer, 1, 200)) AS program,
       initializeAggregation('uniqState', id) AS events, at AS first, at AS last
FROM
(
    SELECT type = 'mailbox_authenticated' AS login, id, at, host, client_ip, helo, message_id, mailer, service,
           tls_version IN ('SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2') AS old_tls,
           if(login,
              arrayConcat(if(cleartext, [('cleartext_login', mailbox, '', 1.)], []),
                          if(old_tls, [('old_tls', mailbox, toString(tls_version), 1.)], [])),
              arrayMap(one -> ('smtp_after_pop', one.1, '', round(one.2, 2)), candidates)) AS uses
    FROM mail_events
    WHERE (type = 'mailbox_authenticated' AND outcome = 'succeeded' AND mailbox != '' AND (cleartext OR old_tls))
       OR (type = 'message_submitted' AND sender_kind = 'pop')
)
ARRAY JOIN uses AS used;
CREATE MATERIALIZED VIEW IF NOT EXISTS new_ways_of_events TO new_ways AS
SELECT used.1 AS way, used.2 AS mailbox, used.3 AS tls_version, at AS last
FROM
(
    SELECT at,
           if(type = 'message_submitted', [('smtp_after_pop', sender, '')],
              arrayConcat(if(service = 'smtp', [('smtp_after_pop', mailbox, '')], []),
                          if(tls, [('cleartext_login', mailbox, toString(tls_version))], []))) AS uses
    FROM mail_events
    WHERE (type = 'mailbox_authenticated' AND outcome = 'succeeded' AND mailbox != '' AND (tls OR service = 'smtp'))
       OR (type = 'message_submitted' AND sender_kind = 'sasl')
)
ARRAY JOIN uses AS used;
CREATE MATERIALIZED VIEW IF NOT EXISTS heard_hosts_of_events TO heard_hosts AS
SELECT toStartOfHour(fromUnixTimestamp64Micro(at, 'UTC')) AS hour, host,
       type = 'mailbox_authenticated' AND service != 'smtp' AS logins,
       multiIf(type != 'mailbox_authenticated' OR outcome != 'succeeded', '', tls_version != '', 'version', tls, 'tls',
               cleartext, 'cleartext', 'nothing') AS tells,
       uniqCombinedIfState(14)(id, type = 'mailbox_authenticated' AND outcome = 'failed') AS failed, max(at) AS last
FROM mail_events
WHERE host != '' AND type != 'source_opened'
GROUP BY hour, host, logins, tells;
DROP VIEW IF EXISTS old_ways_of_mails;
DROP VIEW IF EXISTS old_ways_of_cleartext;
DROP VIEW IF EXISTS old_ways_of_tls;
DROP VIEW IF EXISTS new_ways_of_smtp;
DROP VIEW IF EXISTS new_ways_of_submissions;
DROP VIEW IF EXISTS new_ways_of_tls;
DROP VIEW IF EXISTS heard_hosts_of_mail_events;
INSERT INTO heard_hosts
SELECT toStartOfHour(fromUnixTimestamp64Micro(at, 'UTC')) AS hour, host, service != 'smtp' AS logins, '' AS tells,
       uniqCombinedState(14)(id) AS failed, max(at) AS last
FROM mail_events
WHERE type = 'mailbox_authenticated' AND outcome = 'failed' AND host != ''
  AND at > toUnixTimestamp64Micro(now64(6) - toIntervalDay(8))
GROUP BY hour, host, logins;
