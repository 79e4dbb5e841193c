"""What a column is, is told, guessed or refused; each refusal names a setting that settles it."""

import random
from functools import partial

import numpy as np
import pytest
from dlproof.data.table_settings import format_setting
from dlproof.errors import UserError
from hydra.core.override_parser.overrides_parser import OverridesParser
from own.data.table import Table

ROWS = 60


def write(tmp_path, cells, name="amount", **options):
    """A table of one column under test, one of noise and a target."""
    generator = random.Random(1)
    noise = [f"{generator.gauss(0, 1):.4f}" for _ in cells]
    labels = ["ab"[generator.randrange(2)] for _ in cells]
    quoted = [f'"{cell}"' if "," in cell else cell for cell in cells]
    lines = map(",".join, zip(quoted, noise, labels, strict=True))
    path = tmp_path / "own.csv"
    path.write_text("\n".join([f"{name},noise,target", *lines, ""]), encoding="utf-8")
    return Table(str(path), "target", **options)


def numbers(form, seed=1):
    """Cells with a number each, in no order."""
    generator = random.Random(seed)
    return [form(generator.randrange(1, 61)) for _ in range(ROWS)]


def settle(sentence, number=0):
    """The settings that a sentence names, as the config would hold them."""
    found = {}
    for part in sentence.split("data.")[1:]:
        setting, _, rest = part.partition("=")
        if setting in ("columns", "missing", "fold") and rest.startswith("{"):
            depth = [
                n for n in range(1, len(rest) + 1) if rest[:n].count("{") == rest[:n].count("}")
            ]
            parsed = OverridesParser.create().parse_override(f"data.{setting}={rest[: depth[0]]}")
            found.setdefault(setting, []).append(parsed.value())
    (first,) = list(found)[:1]
    return {first: found[first][number]}


READ = {
    "percent": (lambda n: f"{n}%", "strip", lambda n: n),
    "decimal comma": (lambda n: f"{n},5", "decimal", lambda n: n + 0.5),
    "thousands": (lambda n: f"{n},{100 + n}.0", "thousands", lambda n: 1001 * n + 100),
    "thousands by points": (lambda n: f"{n}.100,5", "decimal", lambda n: 1000 * n + 100.5),
    "blanks": (lambda n: f"{n} {100 + n}", "thousands", lambda n: 1001 * n + 100),
    "apostrophes": (lambda n: f"{n}'{100 + n}", "thousands", lambda n: 1001 * n + 100),
    "underscores": (lambda n: f"{n}_{100 + n}", "thousands", lambda n: 1001 * n + 100),
    "unit": (lambda n: f"{n} kg", "strip", lambda n: n),
    "dollars": (lambda n: f"${n}.25", "strip", lambda n: n + 0.25),
    "euros": (lambda n: f"{n},25 \u20ac", "strip", lambda n: n + 0.25),
    "code of currency": (lambda n: f"USD {n}", "strip", lambda n: n),
    "below a limit": (lambda n: f"<{n}" if n < 6 else str(n), "strip", lambda n: n),
}


@pytest.mark.parametrize(("form", "word", "value"), READ.values(), ids=READ)
def test_written_numbers_are_refused_and_read_by_the_setting_that_is_named(
    tmp_path, form, word, value
):
    cells = numbers(form)
    with pytest.raises(UserError, match=rf"amount: \{{number: \{{.*{word}") as refused:
        write(tmp_path, cells).load()
    table = write(tmp_path, cells, **settle(str(refused.value)))
    expected = numbers(value)
    assert table.load().typed["amount"].tolist() == pytest.approx(expected)
    assert table.load().columns["amount"].kind == "number"


DATES = {
    "ISO": ("2024-03-{n:02d}", "ISO8601"),
    "with points": ("{n}.03.2024", "%d.%m.%Y"),
    "American": ("03/{m}/2024", "%m/%d/%Y"),
    "compact": ("202403{n:02d}", "%Y%m%d"),
    "weeks": ("2024-W{n:02d}", "%G-W%V"),
    "words": ("{n} Mar 2024", "%d %b %Y"),
    "times": ("{n}.03.2024 12:30", "%d.%m.%Y %H:%M"),
}


@pytest.mark.parametrize(("form", "told"), DATES.values(), ids=DATES)
def test_dates_are_refused_and_become_days_by_the_setting_that_is_named(tmp_path, form, told):
    days = [1 + 17 * n % 28 for n in range(ROWS)]
    cells = [form.format(n=day, m=day) for day in days]
    with pytest.raises(UserError, match="holds dates") as refused:
        write(tmp_path, cells).load()
    setting = settle(str(refused.value))
    assert setting == {"columns": {"amount": {"date": told}}}
    typed = write(tmp_path, cells, **setting).load().typed["amount"].to_numpy()
    step = 7 if told == "%G-W%V" else 1
    assert np.allclose(typed - typed[0], step * (np.array(days) - days[0]))


def test_days_and_months_that_could_be_either_are_both_named(tmp_path):
    cells = [f"{1 + n % 12:02d}/{1 + n % 7:02d}/2024" for n in range(ROWS)]
    with pytest.raises(UserError, match=r"%d/%m/%Y.* or .*%m/%d/%Y.*whichever is meant"):
        write(tmp_path, cells).load()


REFUSED = {
    "dates in two forms": (["2024-01-31", "31.01.2024"] * 30, "write all of them in one form"),
    "seconds and milliseconds": (["1700000000", "1700000000500"] * 30, "in milliseconds"),
    "two units": ([f"{n % 9} {'kg' if n % 2 else 'lb'}" for n in range(ROWS)], "to one unit"),
    "nothing": ([""] * ROWS, "is empty"),
    "nothing but words for it": (["NA"] * ROWS, "is empty except for NA"),
}


@pytest.mark.parametrize(("cells", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_no_setting_reads_is_refused_and_can_be_left_out(tmp_path, cells, sentence):
    with pytest.raises(UserError, match=sentence):
        write(tmp_path, cells).load()
    loaded = write(tmp_path, cells, columns={"amount": "ignore"}).load()
    assert list(loaded.features) == ["noise"]


@pytest.mark.parametrize("share", [0.1, 0.55])
@pytest.mark.parametrize("word", ["-", "unknown", "n.d."])
def test_a_spoilt_number_is_refused_and_missing_by_the_setting_that_is_named(tmp_path, word, share):
    generator = random.Random(2)
    cells = [word if generator.random() < share else f"{n % 17}.5" for n in range(ROWS)]
    with pytest.raises(UserError, match="among numbers") as refused:
        write(tmp_path, cells).load()
    loaded = write(tmp_path, cells, **settle(str(refused.value))).load()
    assert loaded.typed["amount"].isna().sum() == cells.count(word)
    assert loaded.columns["amount"].kind == "number"
    as_names = write(tmp_path, cells, columns={"amount": "category"}).load()
    assert word in set(as_names.features["amount"])


@pytest.mark.parametrize(
    ("count", "named"), [(3, "a, b, c count"), (5, "a, b, c and 2 more count")]
)
def test_words_among_the_numbers_of_many_columns_are_one_sentence(tmp_path, count, named):
    names = "abcde"[:count]
    shuffled = random.Random(1).sample(range(1, ROWS), ROWS - 1)  # no numbers of rows
    rows = [["NA" if row % 9 == 0 else f"{row}.5"] * count for row in shuffled]
    lines = [[*names, "target"], *([*cells, "xy"[row % 2]] for row, cells in enumerate(rows))]
    path = tmp_path / "own.csv"
    path.write_text("\n".join(map(",".join, lines)), encoding="utf-8")
    (told,) = [t for t in Table(str(path), "target").load().warnings if "as missing" in t]
    assert told.startswith(f"'NA' ({6 * count} cells) among the numbers of {named} as missing")


@pytest.mark.parametrize("word", ["NA", "na", "NaN", "None", "NULL", "?", "N/A"])
def test_among_numbers_the_usual_words_are_missing_and_told(tmp_path, word):
    loaded = write(tmp_path, numbers(lambda n: word if n % 9 == 0 else f"{n}.5")).load()
    assert loaded.typed["amount"].isna().any()
    assert any(repr(word) in told and "count as missing" in told for told in loaded.warnings)
    assert loaded.columns["amount"].missing == (word,)


@pytest.mark.parametrize("word", ["NA", "None", "null"])
def test_among_names_they_are_names_and_told_with_the_setting_that_changes_it(tmp_path, word):
    cells = [("DE", "FR", word)[n % 3] for n in range(ROWS)]
    loaded = write(tmp_path, cells).load()
    assert set(loaded.features["amount"]) == {"DE", "FR", word}
    (told,) = loaded.warnings
    again = write(tmp_path, cells, **settle(told)).load()
    assert again.features["amount"].isna().sum() == ROWS / 3
    assert again.warnings == []


CODES = {
    "a zip with a zero": ("amount", lambda n: f"{n * 1511 % 100_000:05d}"),
    "a zip by name": ("zip_code", lambda n: f"{10_000 + n}"),
    "a power of ten": ("amount", lambda n: f"{n % 10}E{n // 10}"),
}


@pytest.mark.parametrize(("name", "form"), CODES.values(), ids=CODES)
def test_codes_are_names_unless_the_setting_that_is_named_says_number(tmp_path, name, form):
    loaded = write(tmp_path, numbers(form), name).load()
    assert loaded.columns[name].kind == "category"
    told = next(told for told in loaded.warnings if "makes them numbers" in told)
    assert settle(told) == {"columns": {name: "number"}}
    assert (
        write(tmp_path, numbers(form), name, **settle(told)).load().typed[name].dtype == "float64"
    )


def shuffle(values):
    return random.Random(3).sample(values, len(values))


COUNTS = {
    "counted": ("row", [str(n) for n in range(ROWS)]),
    "counted down": ("row", [str(-n) for n in range(ROWS)]),
    "counted twice": ("row", [str(n % 30) for n in range(ROWS)]),
    "with gaps": ("row", [str(n + n // 7) for n in range(ROWS)]),
    "shuffled": ("row", shuffle([str(n) for n in range(ROWS)])),
    "in order": ("row", [f"{n**1.5:.3f}" for n in range(ROWS)]),
    "nameless": ("Unnamed: 0", [str(n * 7919 % 50) for n in range(ROWS)]),
    "beyond 2**53": ("row", shuffle([str(2**53 + 2 * n + 1) for n in range(ROWS)])),
    "texts in order": ("row", [f"C{n:05d}" for n in range(ROWS)]),
}


@pytest.mark.parametrize(("name", "cells"), COUNTS.values(), ids=COUNTS)
def test_what_only_names_a_row_is_left_out_and_told(tmp_path, name, cells):
    loaded = write(tmp_path, cells, name).load()
    assert (list(loaded.features), loaded.ignored) == (["noise"], [name])
    (told,) = loaded.warnings
    assert list(write(tmp_path, cells, name, **settle(told)).load().features) == [name, "noise"]


MEASURES = {
    "a month": [str(n % 12 + 1) for n in range(ROWS)],
    "yes and no": [str(n % 2) for n in range(ROWS)],
    "years": [str(1950 + n * 31 % 40) for n in range(ROWS)],
    "fractions": [f"{n * 37 % 61 / 7:.4f}" for n in range(ROWS)],
    "small floats": [f"{n * 37 % 61}e-05" for n in range(ROWS)],
}


@pytest.mark.parametrize("cells", MEASURES.values(), ids=MEASURES)
def test_a_measure_is_a_number_without_a_word(tmp_path, cells):
    loaded = write(tmp_path, cells).load()
    assert loaded.columns["amount"].kind == "number"
    assert loaded.warnings == []


def test_all_columns_that_are_refused_are_told_at_once(tmp_path):
    path = tmp_path / "own.csv"
    lines = [f"{n % 9}%,{n % 28 + 1}.01.2024,{n % 13},{'ab'[n % 2]}" for n in range(ROWS)]
    path.write_text("\n".join(["share,day,z,target", *lines]))
    with pytest.raises(UserError, match=r"(?s)'share' holds numbers.*'day' holds dates"):
        Table(str(path), "target").load()


def test_categories_in_several_spellings_are_told_and_folded_when_told_so(tmp_path):
    cells = [("Paris", "paris ", "Rome")[n % 3] for n in range(ROWS)]
    loaded = write(tmp_path, cells).load()
    (told,) = loaded.warnings
    assert "'Paris' (20) and 'paris' (20)" in told
    assert set(write(tmp_path, cells, **settle(told)).load().features["amount"]) == {
        "Paris",
        "Rome",
    }
    kept = write(tmp_path, cells, **settle(told, 1)).load()
    assert (kept.features["amount"].nunique(), kept.warnings) == (3, [])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"columns": {"no": "number"}}, r"no column 'no' \(data.columns\)"),
        ({"fold": {"no": True}}, r"no column 'no' \(data.fold\)"),
        ({"missing": {"no": ["x"]}}, r"no column 'no' \(data.missing\)"),
        ({"columns": {"noise": "date"}}, "must say how dates are written"),
        ({"columns": {"noise": "numbre"}}, "none of number, category, date, ignore"),
        ({"columns": {"amount": "number"}}, "row 1: 'x1' is not a number, as data.columns says"),
        (
            {"columns": {"amount": {"date": "%Y"}}},
            "row 1: 'x1' is not a date, as data.columns says",
        ),
    ],
)
def test_a_setting_that_does_not_suit_the_file_is_refused(tmp_path, options, sentence):
    with pytest.raises(UserError, match=sentence):
        write(tmp_path, [f"x{n % 3 + 1}" for n in range(ROWS)], **options).load()


@pytest.mark.parametrize("name", ["a", "a b", "Unnamed: 0", "price ($)", "a=b", "x, y", "[m]"])
def test_an_override_that_a_sentence_names_is_read_as_it_is_meant(name):
    value = {"number": {"strip": ["$", "it's"], "decimal": ","}}
    parsed = OverridesParser.create().parse_override(format_setting("columns", name, value))
    assert (parsed.key_or_group, parsed.value()) == ("data.columns", {name: value})


def test_a_name_that_no_override_can_hold_is_said_for_the_config_file():
    assert format_setting("columns", "gr\u00f6\u00dfe", "number") == (
        "`columns: {'gr\u00f6\u00dfe': number}` in configs/data"
    )


STAND_INS = {
    "apart": (lambda n: "-999" if n % 4 == 0 else f"{n / 10}", "-999"),
    "never negative": (lambda n: "-1" if n % 4 == 0 else f"{n}", "-1"),
    "above": (lambda n: "9999.0" if n % 4 == 0 else f"{n}", "9999.0"),
    "as on a scale": (lambda n: f"{n % 9 - 1}", ""),
    "of a range": (lambda n: f"{-999 if n % 4 == 0 else 100 * n - 2900}", ""),
}


@pytest.mark.parametrize(("form", "word"), STAND_INS.values(), ids=STAND_INS)
@pytest.mark.parametrize("is_target", [False, True])
def test_a_number_that_may_mean_unknown_is_told_with_the_setting(tmp_path, form, word, is_target):
    cells = numbers(form)
    write(tmp_path, cells)
    read = partial(Table, str(tmp_path / "own.csv"), "amount" if is_target else "target")
    told = [text for text in read().load().warnings if "if it means unknown" in text]
    assert len(told) == bool(word)
    if told:
        assert f"column 'amount' is {word} in {cells.count(word)} rows" in told[0]
        assert ("data.columns={amount: number}" in told[0]) != is_target
        loaded = read(missing={"amount": [word]}).load()
        assert not [text for text in loaded.warnings if "if it means unknown" in text]
        column = loaded.others["amount"] if is_target else loaded.features["amount"].fillna("")
        assert (column == "").sum() == cells.count(word)
