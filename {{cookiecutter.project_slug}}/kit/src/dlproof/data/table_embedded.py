"""Scikit-learn's tables as CSV files: `data=breast_cancer` and `data=diabetes`."""

from pathlib import Path

from ..files import atomic


def write_breast_cancer(path: Path) -> None:
    """Writes scikit-learn's 569 breast tumours: 30 measurements and the diagnosis."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    table = bunch.data.rename(columns=lambda name: name.replace(" ", "_"))
    table["diagnosis"] = bunch.target.map(dict(enumerate(bunch.target_names)))
    with atomic(path) as draft:
        table.to_csv(draft, index=False)


def write_diabetes(path: Path) -> None:
    """Writes scikit-learn's 442 diabetes patients, in the units they were measured in."""
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(as_frame=True, scaled=False)
    names = {
        "bp": "blood_pressure",
        "s1": "cholesterol",
        "s2": "ldl",
        "s3": "hdl",
        "s4": "cholesterol_hdl_ratio",
        "s5": "log_triglycerides",
        "s6": "glucose",
    }
    table = bunch.data.rename(columns=names)
    table["progression"] = bunch.target
    with atomic(path) as draft:
        table.to_csv(draft, index=False)


WRITERS = {"breast_cancer": write_breast_cancer, "diabetes": write_diabetes}
