"""From raw data to a monitored model: one package a phase, one command a stage."""
