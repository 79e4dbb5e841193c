"""Phase 1, the problem: what the task asks, what is good enough, what simple models reach."""
