"""`monitor`."""

from dlproof import Report
from dlproof.deployment import load_reference
from dlproof.monitoring import measure_drift, monitor


def run(cfg):
    """Measures the drift of what was served."""
    reference = load_reference(cfg.paths.models_dir)
    version, watched = reference["version"], reference["watched"]
    source, rows = monitor.read_window(cfg, version)
    verdict = {}
    if len(rows) >= cfg.monitor.min_items:
        window = monitor.unpack(rows, watched)
        found = {n: measure_drift(window[n], watched[n], len(watched)) for n in watched}
        drifted = [name for name, m in found.items() if m["psi"] > cfg.monitor.max_psi]
        verdict = {"drift": bool(drifted), "drifted": drifted, "watched": found}
    return Report("monitor", monitor.evidence(version, source, rows, verdict))
