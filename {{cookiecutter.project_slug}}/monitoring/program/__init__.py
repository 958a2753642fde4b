"""Brings Sentry to what `monitoring/watch.toml` says. The template owns it; don't edit it."""
