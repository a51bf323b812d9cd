-- One mailbox's mails and logins lie together, so that they are found without reading everybody's. A projection is part of
-- each part of the table: no kill leaves it apart from its rows, and it forgets what the table forgets. A merge makes it
-- anew of the rows that are left. Until then a row that was stored twice stands in it twice: who asks takes each id once.
ALTER TABLE mail_events MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild';
ALTER TABLE mail_events ADD PROJECTION IF NOT EXISTS by_mailbox
(
    SELECT type, at, id, host, queue_id, sender, mailbox, client_ip, client_country, client_asn, client_latitude,
           client_longitude, message_id, size, recipients, recipient, provider, outcome, enhanced_status, reply,
           outbound_ip, service, method, reason, tls
    ORDER BY if(mailbox != '', mailbox, sender), type, at
);
ALTER TABLE mail_events MATERIALIZE PROJECTION by_mailbox;
