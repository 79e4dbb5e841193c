"""Random mixtures of what people write: no row is lost unsaid, and no number loses its value."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from dlproof.errors import UserError
from hypothesis import given
from hypothesis import strategies as st
from own.data.table import Table

SETTINGS = SimpleNamespace(impute="median", max_categories=500)
ROWS = 40
# Kind -> the cell of a row's number, and the setting that reads it where the guess refuses.
WHOLE = st.integers(0, 59)
FORMS = {
    "plain": (lambda n: f"{n}.5", None),
    "milliseconds": (lambda n: str(1_717_000_000_000 + 7 * n), None),
    "northing": (lambda n: f"{5_812_345.25 + n / 8}", None),
    "tiny": (lambda n: f"{1 + n * 1e-9:.12f}", None),
    "huge": (lambda n: f"{n + 1}e+30", None),
    "percent": (lambda n: f"{n}%", {"number": {"strip": ["%"]}}),
    "decimal comma": (lambda n: f'"{n},5"', {"number": {"decimal": ","}}),
    "points": (lambda n: f"{n + 1:02d}.01.2024" if n < 28 else "28.01.2024", {"date": "%d.%m.%Y"}),
    "names": (lambda n: ["red", "green", "blue", "NA"][n % 4], "category"),
    "zip": (lambda n: f"{n:05d}", "category"),
}


@st.composite
def tables(draw):
    """Columns of several kinds, some cells empty, and odd records between the rows."""
    kinds = draw(st.lists(st.sampled_from(list(FORMS)), min_size=1, max_size=4, unique=True))
    values = [draw(st.lists(WHOLE, min_size=ROWS, max_size=ROWS)) for _ in kinds]
    holes = draw(st.sets(st.tuples(st.integers(0, ROWS - 1), st.integers(0, len(kinds) - 1))))
    repeat, comment, blank = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    lines = []
    for row in range(ROWS):
        cells = [
            "" if (row, c) in holes else FORMS[kind][0](values[c][row])
            for c, kind in enumerate(kinds)
        ]
        lines.append(",".join([*cells, "ab"[row % 2]]))
    header = ",".join([*kinds, "target"])
    lines[20:20] = [header] * repeat + [""] * blank
    text = "\n".join(["# exported"] * comment + [header, *lines, ""])
    return text, kinds, values, holes, (repeat, comment, blank)


def ask(folder, text, kinds):
    """The table, with the settings that it asks for where it refuses a guess."""
    path = folder / "own.csv"
    path.write_text(text, encoding="utf-8")
    table = Table(str(path), "target")
    try:
        table.load()
    except UserError:
        told = {kind: FORMS[kind][1] for kind in kinds if FORMS[kind][1] is not None}
        table = Table(str(path), "target", columns=told)
    return table


def load(table):
    """The table, or why it is refused."""
    try:
        return table.load(), ""
    except UserError as error:
        return None, str(error)


def expect(kind, values, missing):
    """What the cells of a column mean, by pandas, in float64."""
    cells = pd.Series([FORMS[kind][0](value).strip('"') for value in values])
    if kind == "points":
        days = pd.to_datetime(cells, format="%d.%m.%Y") - pd.Timestamp(0)
        found = days.dt.days.astype("float64")
    else:
        found = cells.str.replace("%", "").str.replace(",", ".").astype("float64")
    return found.mask(missing).to_numpy()


@given(tables())
def test_no_row_is_lost_unsaid_and_no_number_changes_beyond_float32(tmp_path_factory, drawn):
    text, kinds, values, holes, odd = drawn
    table = ask(tmp_path_factory.mktemp("any"), text, kinds)
    loaded, refused = load(table)
    if refused:
        assert "is empty" in refused or "no column besides" in refused
        return
    items = table.list_items()
    assert len(items) == ROWS
    assert len([told for told in loaded.warnings if any(w in told for w in SAID)]) == sum(odd)
    for name in loaded.ignored:
        assert any(f"column {name!r}" in told for told in loaded.warnings)
    raw = table.read(items)
    assert {*raw, *loaded.ignored} == set(kinds)
    state = table.fit(raw, SETTINGS)
    array = table.encode(raw, state)["numeric"]
    for column, (name, fitted) in enumerate(state["numeric"].items()):
        missing = np.array([(row, kinds.index(name)) in holes for row in range(ROWS)])
        true = expect(name, values[kinds.index(name)], missing)
        mean, std = np.nanmean(true), np.nanstd(true)
        if std <= 1e-12 * max(1.0, abs(mean)):
            continue
        found = (array[:, column] - np.float32(fitted["mean"])) / np.float32(fitted["std"])
        np.testing.assert_allclose(found, (true - mean) / std, rtol=1e-5, atol=3e-6)
    for name, known in state["categories"].items():
        seen = {FORMS[name][0](value).strip('"') for value in values[kinds.index(name)]}
        assert set(known) <= seen


SAID = ("is the header again", "lines above the header", "between rows")


@given(tables())
def test_a_file_is_predicted_on_as_it_was_trained_on(tmp_path_factory, drawn):
    text, kinds, *_ = drawn
    table = ask(tmp_path_factory.mktemp("again"), text, kinds)
    if load(table)[1]:
        return
    items = table.list_items()
    raw = table.read(items)
    state = table.fit(raw, SETTINGS)
    found, names = table.locate(str(table.path), state)
    assert len(names) == ROWS
    for name, array in table.encode(raw, state).items():
        np.testing.assert_array_equal(array, table.encode(found, state)[name])
    assert table.find_unknown(found, state) == [{} for _ in range(ROWS)]
