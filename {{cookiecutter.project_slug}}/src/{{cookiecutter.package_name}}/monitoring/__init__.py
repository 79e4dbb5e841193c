"""Phase 7, monitoring: what was predicted, and whether the inputs still look like training."""
