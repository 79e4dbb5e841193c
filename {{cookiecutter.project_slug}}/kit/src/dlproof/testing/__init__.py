"""What a run of the project's tests records: `reports/tests.json`, by a pytest plugin."""
