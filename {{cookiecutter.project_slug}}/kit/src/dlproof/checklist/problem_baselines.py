"""Phase 1: was a frozen pretrained network tried as a baseline?"""

from .evidence import Evidence, NotApplicableError
from .verdict import Finding


def frozen_backbone_was_tried(project: Evidence) -> Finding:
    """A linear model on a frozen backbone has a score and weights behind it, or a reason stands."""
    found, cfg = project.figures("baselines")["pretrained"], project.cfg.baselines
    if cfg.backbone is None:
        raise NotApplicableError("baselines.backbone=null: none is asked for")
    tried = cfg.weights or f"timm/{cfg.backbone}"
    if found.get("tried") != tried:
        return Finding(False, f"{tried} was not tried")
    if not found["scored"]:
        told = found["reason"] or "neither a score nor a reason"
        return Finding("scores" not in found and bool(found["reason"]), told, proof="present")
    weights, metric = found.get("weights", {}), project.cfg.task.metric
    loaded, tensors = weights.get("loaded", 0), weights.get("tensors", 0)
    told = f"{metric} {found['scores'][metric]:.3f} with {loaded} of {tensors} tensors of {tried}"
    whole = 0 < loaded == tensors and not weights["missing"]
    return Finding(whole, told, "baselines.png")
