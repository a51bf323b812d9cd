"""All benches, one after the other: `make bench`."""

from bench import dnsbl, domains, folding, reading, sink

print("log lines to events")
reading.main()
print("events through the mailbox fold")
folding.main()
print("Kafka's bytes into ClickHouse")
sink.main(400_000)
print("questions about customers' domains")
domains.main(100_000, 4)
print("questions to DNSBLs, and by others")
dnsbl.main()
