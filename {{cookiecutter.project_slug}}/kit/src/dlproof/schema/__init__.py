"""The schema of the composed config: unknown keys are refused, and the nearest named."""
