"""Phase 1, the problem: classical models, and what each input is worth to them."""
