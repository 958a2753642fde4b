"""The standard's tests. They run in a copy of a service: see ion_sentry/verify.py."""
