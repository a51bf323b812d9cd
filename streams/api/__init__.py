"""The HTTP API for other programs: what is known, orders, complaints in, a stream of decisions (docs/api.md).

The types of the routes are its OpenAPI document. Thinking stays where it is: each route calls what the command calls.
"""
