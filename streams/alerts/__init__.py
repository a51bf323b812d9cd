"""Alerts: rules make signs of events and looks, signs make causes, causes make alerts, alerts make messages. All pure.

`rules/` says what begins and what ends a cause, `causes.py` since when and how often, `book.py` which alerts are open,
`deciding.py` what is raised and resolved, `posting.py` who is told what when, `words.py` in which words.
"""
