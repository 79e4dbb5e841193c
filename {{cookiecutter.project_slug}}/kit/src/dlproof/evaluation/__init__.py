"""Phase 5, evaluation: the test split, opened once, the ledger, ablation and folds."""
