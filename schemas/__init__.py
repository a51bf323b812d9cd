"""The words that all parts share: events, names, topics, settings and the warehouse's tables."""
