-- One mailbox's mails and logins lie together, and those of one domain's mailboxes beside each other: a customer's mailboxes are
-- his domains' or named one by one. In place of 050's projection: ClickHouse rewrites `mailbox != ''` of a question
-- to notEmpty(mailbox), so its key was never found, and it had not all columns. This one is made of what is there in the
-- background; until it is, questions about a mailbox or a customer read all rows of their time.
ALTER TABLE mail_events DROP PROJECTION IF EXISTS by_mailbox;
ALTER TABLE mail_events ADD PROJECTION IF NOT EXISTS by_domain
(
    SELECT type, at, id, host, queue_id, sender, mailbox, local, client_ip, client_country, client_asn, client_latitude,
           client_longitude, helo, mailer, message_id, size, recipients, recipient, provider, outcome, enhanced_status, reply,
           outbound_ip, service, method, attempts, reason, tls
    ORDER BY substringIndex(if(empty(mailbox), sender, mailbox), '@', -1), if(empty(mailbox), sender, mailbox), type, at
);
ALTER TABLE mail_events MATERIALIZE PROJECTION by_domain;
