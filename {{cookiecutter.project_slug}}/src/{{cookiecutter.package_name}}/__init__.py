"""From raw data to a monitored model: one package per phase, one command per stage."""
