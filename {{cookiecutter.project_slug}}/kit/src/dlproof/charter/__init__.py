"""The charter `project.yaml`: its schema, its words, and what is missing in it."""
