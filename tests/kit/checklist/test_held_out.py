"""Code that reaches for the test split is found, however it is written; other code is not."""

import json

import pytest
from dlproof.checklist.held_out import find_reading, list_sources

READS = {
    "opens it": "def f(store):\n    return store.open_test()\n",
    "opens it by name": "def f(store):\n    return getattr(store, 'open_test')()\n",
    "loads all": "from dlproof.data.store import load_whole\n",
    "compares": "def f(items):\n    return items[items['split'] == 'test']\n",
    "compares the other way round": "def f(items):\n    return items['test' == items['split']]\n",
    "by an attribute": "def f(items):\n    return items[items.split == 'test']\n",
    "by eq": "def f(items):\n    return items[items.split.eq('test')]\n",
    "by isin": "def f(items):\n    return items[items['split'].isin(['test'])]\n",
    "by a query": "def f(items):\n    return items.query(\"split == 'test'\")\n",
    "by a list in a query": 'X = items.query(\'split in ["train", "test"]\')\n',
    "by SQL": "QUERY = \"SELECT id FROM items WHERE split = 'test'\"\n",
    "by a group": "def f(items):\n    return items.groupby('split').get_group('test')\n",
    "by the constant": "from dlproof.data import TEST\n\nX = items[items.split == TEST]\n",
    "by a constant of its own": "HELD = 'test'\n\nX = items['split'] == HELD\n",
    "by all splits": "from dlproof.data import SPLITS\n\nX = [i['split'] == s for s in SPLITS]\n",
    "by a keyword": "def f(open_set):\n    return open_set(split='test')\n",
    "by rows": "def f(store):\n    return store.rows('test')\n",
    "around the store": "import numpy as np\n\nX = np.load('data/processed/targets.npy')\n",
    "around the store by parts": "X = folder / 'processed' / 'image.npy'\n",
    "from the kept predictions": "X = np.load('reports/test_predictions.npz')\n",
}
HONEST = {
    "rows of train": "from dlproof.data import TRAIN\n\n\ndef f(s):\n    return s.rows(TRAIN)\n",
    "a word of its own": "MODE = 'test'\n\n\ndef f(text):\n    return text.split(',')\n",
    "a docstring": '"""How the test split is kept apart: split == test."""\n',
    "items of validation": "def f(items):\n    return items[items['split'] == 'validation']\n",
}
TABLES = ("clean.csv", "data/items.csv", "data/splits.csv")


def find(tmp_path, text, *, is_maker=False, is_behind=True, name="leak.py"):
    path = tmp_path / name
    path.write_text(text)
    return find_reading(path, is_maker, is_behind)


@pytest.mark.parametrize("text", READS.values(), ids=READS)
def test_a_reader_is_found_by_its_line(tmp_path, text):
    assert 1 <= find(tmp_path, text) <= len(text.splitlines())


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
def test_other_code_is_not_taken_for_one(tmp_path, text):
    assert find(tmp_path, text) == 0


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_all_items_are_for_stages_before_the_split_and_for_people(tmp_path, name):
    text = f"X = pd.read_csv('{name}')\n"
    assert find(tmp_path, text) == 1
    assert find(tmp_path, text, is_behind=False) == 0


def test_what_makes_the_split_may_name_it_and_not_open_it(tmp_path):
    assert find(tmp_path, READS["compares"], is_maker=True, is_behind=False) == 0
    assert find(tmp_path, READS["opens it"], is_maker=True, is_behind=False) == 2


def test_a_notebook_is_read_cell_by_cell(tmp_path):
    source = [
        "%matplotlib inline\n",
        "for _ in range(2):\n",
        "    !ls\n",
        "items.split == 'test'\n",
    ]
    cells = [{"cell_type": "markdown", "source": ["test split"]}]
    cells.append({"cell_type": "code", "source": source})
    assert find(tmp_path, json.dumps({"cells": cells}), name="look.ipynb") == 4


def test_code_that_does_not_parse_is_nobodys_reader(tmp_path):
    assert find(tmp_path, "open_test(\n") == 0


def test_sources_are_the_projects_own_without_its_tests_and_the_kit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("src/own/a.py", "tests/test_a.py", "kit/src/b.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    assert [path.as_posix() for path in list_sources()] == ["src/own/a.py"]
