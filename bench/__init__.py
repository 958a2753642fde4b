"""What Sentry costs a service: without it, with the usual snippet, with this template."""
