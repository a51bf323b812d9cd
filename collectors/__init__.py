"""Collectors: what reads logs, lists and complaints, and pushes events into Kafka."""
