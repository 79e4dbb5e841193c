"""Phase 3, the model: architectures, and the proof that one can learn before it does."""
