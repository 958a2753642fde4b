"""Brings Sentry to what a service's `monitoring/watch.toml` says."""
