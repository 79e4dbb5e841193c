"""What a run of the project's tests leaves behind: `reports/tests.json`, by a plugin of pytest."""
