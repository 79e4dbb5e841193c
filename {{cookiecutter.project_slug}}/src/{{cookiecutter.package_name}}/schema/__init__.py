"""The config's schema: unknown keys and wrong types are refused before anything starts."""
