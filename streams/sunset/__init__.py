"""What is going away: who uses it, who is written to and when, and in which steps it is switched off.

A sunset is a table `[sunset.NAME]` of the configuration. Facts and decisions are events of one topic, and what is known
is a fold of them (`ledger`); the thinking takes the time as an argument (docs/sunset.md, docs/adr/0017).
"""
