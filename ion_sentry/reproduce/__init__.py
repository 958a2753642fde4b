"""`ion-sentry reproduce`: a production error, made to happen in a checkout of its service.

`inside/` runs in the service's environment and imports nothing but the standard library, what the
service has, and the packages of `inside/requirements.txt`.
"""
