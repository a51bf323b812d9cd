"""Streams: what folds events into decisions, carries them out and stores them."""
