"""What a run of tests leaves behind."""
