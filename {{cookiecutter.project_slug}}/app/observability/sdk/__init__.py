"""All that knows the SDK beyond its top level, and names that nobody documents."""
