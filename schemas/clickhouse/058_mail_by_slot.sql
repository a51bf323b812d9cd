-- How far each log was read and each of Kafka's partitions was stored, for each five minutes: what is greatest is so whatever
-- is stored twice. Projections are part of each part of the table (050_mail_by_mailbox.sql); they are made of the rows that
-- are there in the background, and until that is done the rows are read.
ALTER TABLE mail_events ADD PROJECTION IF NOT EXISTS by_source
(
    SELECT intDiv(at, 300000000), substring(id, 1, 16), type = 'source_opened', type = 'message_scored', max(at),
           max(if(length(id) > 29, substring(id, 18, 12), ''))
    GROUP BY intDiv(at, 300000000), substring(id, 1, 16), type = 'source_opened', type = 'message_scored'
);
ALTER TABLE mail_events ADD PROJECTION IF NOT EXISTS by_place
(
    SELECT intDiv(at, 300000000), kafka_cluster, kafka_partition, count(), max(at), max(kafka_offset)
    GROUP BY intDiv(at, 300000000), kafka_cluster, kafka_partition
);
ALTER TABLE mail_events MATERIALIZE PROJECTION by_source;
ALTER TABLE mail_events MATERIALIZE PROJECTION by_place;
