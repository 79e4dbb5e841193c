"""Words of a target or key stay words; a class or group in several spellings is not several."""

import pytest
from dlproof.errors import UserError
from own.data.table import Table


def write(tmp_path, cells, header="target", **options):
    path = tmp_path / "own.csv"
    lines = [f"{n * 37 % 61 / 7:.3f},{cell},{'ab'[n % 2]}" for n, cell in enumerate(cells)]
    path.write_text("\n".join([f"x,{header},z", *lines, ""]), encoding="utf-8")
    options = {"target": "target", "drop": ["z"]} | options
    return Table(str(path), **options)


PAIRS = {
    "numbers": ("0", "0.0"),
    "case": ("No", "no"),
    "accents": ("caf\u00e9", "cafe\u0301"),
    "blanks": ("very good", "very  good"),
    "fixed blanks": ("very good", "very\u00a0good"),
    "invisible": ("good", "good\u200b"),
}


@pytest.mark.parametrize(("one", "other"), PAIRS.values(), ids=PAIRS)
def test_a_class_in_two_spellings_is_refused_until_the_config_says_what_it_is(tmp_path, one, other):
    cells = [(one, other, one, "else")[n % 4] for n in range(40)]
    with pytest.raises(UserError, match=r"one class in several spellings.*fold=\{target: true\}"):
        write(tmp_path, cells).load()
    classes = {
        str(rule): set(write(tmp_path, cells, fold={"target": rule}).load().others["target"])
        for rule in (True, False, {other: one})
    }
    assert list(classes.values()) == [{one, "else"}, {one, other, "else"}, {one, "else"}]


def test_spellings_that_look_alike_are_told_by_their_code_points(tmp_path):
    with pytest.raises(UserError, match=r"'caf\\xe9' \(30\) and 'cafe\\u0301'"):
        write(tmp_path, ["caf\u00e9", "cafe\u0301", "caf\u00e9"] * 15).load()


def test_numbers_that_are_a_measure_may_be_spelled_as_they_like(tmp_path):
    cells = [str(n) if n % 2 else f"{n - 1}.0" for n in range(60)]
    assert write(tmp_path, cells).load().others["target"].tolist() == cells


@pytest.mark.parametrize("word", ["None", "NA", "null", "nan"])
def test_a_class_that_is_called_nothing_is_kept_and_told(tmp_path, word):
    cells = [(word, "Apnea")[n % 2] for n in range(40)]
    loaded = write(tmp_path, cells).load()
    assert loaded.others["target"].tolist() == cells
    assert f"has the class {word!r} (20 rows), kept as a class" in loaded.warnings[0]
    missing = write(tmp_path, cells, missing={"target": [word]}).load()
    assert set(missing.others["target"]) == {"", "Apnea"}
    for_features = write(tmp_path, cells, missing=[word]).load()
    assert set(for_features.others["target"]) == {word, "Apnea"}


def group(tmp_path, cells, **options):
    return write(tmp_path, cells, "who", target="z", drop=[], group="who", **options).load()


@pytest.mark.parametrize("spelled", [("17", "17.0", "017"), ("P1", "p1"), ("A  1", "a 1")])
def test_a_group_in_several_spellings_is_one_and_told(tmp_path, spelled):
    cells = [spelled[n % len(spelled)] for n in range(12)] + ["other"] * 12
    loaded = group(tmp_path, cells)
    assert loaded.others["who"].nunique() == 2
    assert "one group in several spellings" in loaded.warnings[0]
    apart = group(tmp_path, cells, fold={"who": False})
    assert apart.others["who"].tolist() == cells


def test_groups_that_may_mean_not_known_or_take_much_are_told(tmp_path):
    loaded = group(tmp_path, ["-1", "P1", "-1", "P2"] * 10)
    assert "20 of 40 rows belong to one group, '-1'" in loaded.warnings[0]
    assert "data.missing={who: ['-1']}" in loaded.warnings[0]
    alone = group(tmp_path, ["-1", "P1", "-1", "P2"] * 10, missing={"who": ["-1"]})
    assert alone.others["who"].tolist().count("") == 20
    assert "to one group, 'C0'" in group(tmp_path, ["C0", "C0", "C1", "C2"] * 9).warnings[0]
    assert group(tmp_path, [f"C{n % 9}" for n in range(36)]).warnings == []


def test_an_id_that_differs_in_spelling_alone_is_told(tmp_path):
    cells = [f"k{n}" for n in range(20)] + ["K3"]
    loaded = write(tmp_path, cells, "key", target="z", drop=[], id="key").load()
    assert "'K3' (1) and 'k3' (1)" in loaded.warnings[0]


@pytest.mark.parametrize(
    ("form", "day"),
    [("%d.%m.%Y", "{n:02d}.03.2024"), ("%m/%d/%Y", "03/{n:02d}/2024"), ("%G-W%V", "2024-W{n:02d}")],
)
def test_times_are_compared_as_dates_when_the_config_says_how_they_are_written(tmp_path, form, day):
    cells = [day.format(n=n % 28 + 1) for n in range(40)]
    options = {"target": "z", "drop": [], "time": "when"}
    with pytest.raises(UserError, match=rf"when: \{{date: '{form}'\}}"):
        write(tmp_path, cells, "when", **options).load()
    told = {"columns": {"when": {"date": form}}}
    times = write(tmp_path, cells, "when", **options, **told).load().others["when"]
    assert times.is_monotonic_increasing == (sorted(times) == list(times))
    assert sorted(times[:28]) == list(times[:28])


def test_times_in_two_units_are_refused(tmp_path):
    with pytest.raises(UserError, match="in seconds and in milliseconds"):
        write(
            tmp_path, ["1700000000", "1700000000500"] * 9, "when", target="z", drop=[], time="when"
        ).load()
