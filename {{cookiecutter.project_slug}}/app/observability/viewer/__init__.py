"""What Sentry would get, seen on this machine: no account is needed, and nothing leaves it."""
