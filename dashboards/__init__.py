"""Dashboards: what the NOC sees; they only read."""
