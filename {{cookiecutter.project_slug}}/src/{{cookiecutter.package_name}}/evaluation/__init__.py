"""Phase 5, evaluation: the test split, opened once, against the baselines."""
