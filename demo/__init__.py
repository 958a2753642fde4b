"""`make demo`: a service made from this template raises an error; see what reaches Sentry."""
