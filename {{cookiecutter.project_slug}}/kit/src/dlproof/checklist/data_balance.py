"""Checks of phase 2 on rare classes: how they are weighed, drawn, made more, and measured."""

from .data_loading import read_batches
from .evidence import Evidence
from .problem import load_state
from .tables import read_split
from .verdict import Finding

BEYOND_ACCURACY = ("f1_macro", "precision_macro", "recall_macro")


def loss_weights_follow_training_counts(project: Evidence) -> Finding:
    """Each class's weight in the loss is inverse to its count in the training split."""
    weights = read_batches(project)["class_weights"] or []
    labels = [row["label"] for row in read_split(project) if row["split"] == "train"]
    classes = load_state(project)["task"]["classes"]
    expected = [len(labels) / len(classes) / max(labels.count(name), 1) for name in classes]
    if len(weights) != len(expected):
        return Finding(False, f"{len(weights)} weights for {len(expected)} classes")
    off = max(abs(ours / theirs - 1) for ours, theirs in zip(weights, expected, strict=True))
    told = f"weights {min(weights):.2f} to {max(weights):.2f}, at most {off:.1%} off"
    return Finding(off < 1e-3, told)


def drawn_classes_are_balanced(project: Evidence) -> Finding:
    """An epoch draws every class about equally often; validation keeps its order."""
    batches = read_batches(project)
    drawn = batches["drawn"]
    even = sum(drawn) / len(drawn)
    off = max(abs(count - even) for count in drawn) / even
    told = f"classes drawn {min(drawn):,} to {max(drawn):,} times, {even:,.0f} each would be even"
    chance = 4 / even**0.5  # four deviations of a count that is drawn
    return Finding(off <= chance and batches["moved"]["validation"] == 0, told)


def synthetic_rows_are_made_from_train(project: Evidence) -> Finding:
    """Synthetic rows lie between training rows of their class; validation has none."""
    found = read_batches(project)["synthetic"]
    told = (
        f"{found['rows']:,} synthetic rows; {found['between']} of {found['checked']} lie between "
        f"training rows of their class; {found['validation']} in validation"
    )
    return Finding(0 < found["checked"] == found["between"] and not found["validation"], told)


def metrics_go_beyond_accuracy(project: Evidence) -> Finding:
    """Macro F1, precision and recall are logged in validation and reported in the test."""
    logged = [name for name in BEYOND_ACCURACY if project.log.get(f"val/{name}")]
    tested = project.figures("evaluate")["metrics"]
    lacks = [name for name in BEYOND_ACCURACY if name not in logged or name not in tested]
    if lacks:
        return Finding(False, f"not in the log or the test: {', '.join(lacks)}")
    told = ", ".join(f"{name} {tested[name]:.3f}" for name in BEYOND_ACCURACY)
    return Finding(True, told)
