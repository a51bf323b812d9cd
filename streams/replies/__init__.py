"""What remote servers say when they do not take a mail: one table of patterns, and what it makes of a reply."""
