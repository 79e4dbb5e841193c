"""Phase 4, training: the LightningModule, optimisation, callbacks and the run's record."""
