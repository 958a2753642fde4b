"""Alerts and dashboards as code: `python -m monitoring plan`, `apply` or `destroy`.

`watch.toml` says what to watch, and is the service's. The rest is the template's.
"""
