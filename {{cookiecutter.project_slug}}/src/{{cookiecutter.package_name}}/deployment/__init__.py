"""Phase 6, deployment: export, the service and offline prediction."""
