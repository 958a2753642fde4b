"""Spotlight, Sentry's own viewer for one machine: what a service sends, without an account."""
