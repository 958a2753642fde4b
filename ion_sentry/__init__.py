"""The toolbox: what people and CI do with services, and no service needs to run.

Updates bring services to the template's newest version without losing their edits: git does the
merging, cookiecutter the rendering, and this package puts the two together. `monitoring` brings
Sentry to what a service says of its alerts and dashboards, `verify` runs the standard's tests.
"""
