"""`python -m app.observability check`: does Sentry work, what would it get, and what will it cost.

Nothing that serves imports this. Each module yields findings; none of them says ok because nothing
was raised, but because the server's own answer says so.
"""
