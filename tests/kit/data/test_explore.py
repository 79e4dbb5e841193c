"""What `explore` says of labels, origins and groups, and the page that shows it."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
from dlproof.data import explore_page
from dlproof.data.explore import as_numbers
from dlproof.data.explore_page import (
    advise_on_groups,
    advise_on_items,
    advise_on_labels,
    write_explore_page,
)
from dlproof.data.explore_relations import count_keys, relate_to_labels

LABELS = {"kind": "classes", "classes": 2, "largest": {"a": 90}, "smallest": {"b": 30}}


def make_items(rows=400, **columns):
    generator = np.random.default_rng(0)
    plain = {"label": generator.choice(["a", "b"], rows), "group": "", "time": "", "origin": ""}
    items = pd.DataFrame(plain | columns, index=range(rows))
    return items.assign(id=[f"i{number:03d}" for number in range(rows)])


def make_measures(items, **columns):
    values = np.random.default_rng(1).normal(0, 1, len(items))
    return pd.DataFrame({"noise": values, **columns}, index=items["id"])


def test_a_feature_that_is_the_label_in_disguise_is_told_from_noise():
    items = make_items()
    measures = make_measures(items, leak=(items["label"] == "a").to_numpy() * 1.0, flat=1.0)
    labels = items.set_index("id")["label"]
    found = relate_to_labels(measures, labels, numbers=False)
    assert list(found) == ["leak", "noise"]
    assert found["leak"] == 1.0
    assert found["noise"] < 0.2
    numbers = pd.Series(np.exp(measures["noise"]).map(str), index=measures.index)
    assert relate_to_labels(measures, numbers, numbers=True)["noise"] == 1.0


def test_declared_keys_are_counted_and_others_are_not():
    items = make_items(origin=["north"] * 300 + ["south"] * 100)
    assert count_keys(items) == {"origin": {"values": 2, "items": {"north": 300, "south": 100}}}


def test_every_finding_has_its_sentence():
    figures = {
        "items": 120,
        "labels": LABELS | {"imbalance": 12.0, "smallest": {"b": 3}},
        "relations": {"leak": 0.99, "fair": 0.5},
        "unreadable": {"count": 2, "items": []},
        "duplicates": {"count": 1, "items": ["x"]},
        "outliers": {"count": 60},
        "columns": {
            "empty": {"missing_share": 0.9, "std": 1e-6},
            "wide": {"missing_share": 0.0, "std": 1e6},
        },
        "constant_columns": ["same"],
        "crowded_columns": ["names"],
        "modes": {"L": 1, "RGB": 2},
    }
    told = [*advise_on_labels(figures), *advise_on_items(figures)]
    told += advise_on_groups({"old": 0.1}, {"old": 0.3, "young": 0.7})
    expected = (
        *(
            "12 times",
            "class b has 3",
            "leak nearly determines the label",
            "2 items cannot",
            "1 items repeat",
        ),
        *("60 of 120", "empty are missing", "same are constant", "names are texts"),
        *("thousandfold", "2 modes", "old is 10.0%", "young is 0.0%"),
    )
    assert len(told) == len(expected)
    assert all(part in sentence for part, sentence in zip(expected, told, strict=True))


def test_data_without_a_finding_gets_no_advice():
    figures = {
        "items": 120,
        "labels": LABELS | {"imbalance": 1.1},
        "relations": {},
        "outliers": {"count": 0},
    }
    assert not [*advise_on_labels(figures), *advise_on_items(figures)]
    assert not list(advise_on_groups({"old": 0.31}, {"old": 0.3}))


def test_the_page_stands_alone_and_shows_plots_samples_and_figures(processed, run):
    report = run("explore")
    text = Path("reports/explore.html").read_text(encoding="utf-8")
    assert "reports/explore.html" in report.summary
    assert not re.findall(r'(?:src|href)="(?!data:|#|index\.html)', text)
    assert "http" not in text
    pictures = [name for name in report.pictures if name.endswith(".png")]
    assert text.count("data:image/png;base64,") == len(pictures)
    assert all(f">{name}<" in text for name in report.figures["groups"])
    assert "prefers-color-scheme: dark" in text
    assert "width=device-width" in text


def test_names_from_the_data_are_shown_as_words(processed, run, monkeypatch):
    figures = run("explore").figures
    figures["groups"] |= {"<script>alert(1)</script>": 0.5}
    figures["duplicates"] = {"count": 1, "items": ["<img src=x>"]}
    monkeypatch.setattr(explore_page, "read_declared_groups", lambda: {"<b>": 0.9})
    pictures = [path.name for path in Path("reports").glob("explore_*.png")]
    text = write_explore_page(Path("reports"), figures, sorted(pictures)).read_text()
    assert "&lt;script&gt;" in text
    assert "&lt;img src=x&gt;" in text
    assert "<script>" not in text
    assert "<b>" not in text


def test_few_different_numbers_are_classes():
    assert as_numbers(pd.Series(["1", "2", "3"] * 30)) is None
    assert as_numbers(pd.Series([str(number) for number in range(30)])) is not None
