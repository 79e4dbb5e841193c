"""Phase 6, deployment: export, speed, the service and offline prediction."""
