"""The simulated hoster of the demo: a made-up town of mailboxes, and the thieves who take some of them over.

It writes what a hoster's machines write (Postfix and Dovecot logs, DNSBL zones, feedback reports); everything that
reads them is the real thing. Seeded: the same seed gives the same town and the same days.
"""
