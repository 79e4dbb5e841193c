"""Phase 2, the data: from raw files to arrays that a model reads, one file per stage."""
