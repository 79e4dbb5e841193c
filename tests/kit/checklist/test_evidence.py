"""A report proves something only as long as what it was made from is as it was."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from dlproof import packages
from dlproof.checklist import data_split
from dlproof.checklist.bullets import Bullet, load_checklist
from dlproof.checklist.evidence import Evidence, Figures, NotYetError, StaleError
from dlproof.checklist.places import find_line
from dlproof.checklist.text import explain
from dlproof.checklist.verdict import Finding, judge
from dlproof.closure import Code
from dlproof.config import compose, to_plain
from dlproof.errors import UserError
from dlproof.inputs import describe_settled, hash_config, name_as_then
from dlproof.report import load_report

CHAIN = ("ingest", "clean", "split", "preprocess")


@pytest.fixture
def package():
    return "toy"


@pytest.fixture
def look(processed, declared):
    """`look("seed=1")`: the processed project as checks see it, with other settings."""

    def make(*overrides):
        evidence = Evidence(declared)
        evidence.__dict__["cfg"] = compose(overrides)
        return evidence

    return make


def stale(project):
    return [name for name in CHAIN if project.find_changes(name)]


def test_reports_hold_while_nothing_changes(look):
    project = look()
    assert stale(project) == []
    assert project.figures("split")


def test_one_byte_of_raw_data_makes_all_that_follows_stale(look, processed):
    path = [*processed.glob("raw.csv"), *processed.glob("raw/*/*")][0]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    project = look()
    assert stale(project) == list(CHAIN)
    with pytest.raises(StaleError, match="the raw data of `ingest` changed: run `ingest`"):
        project.figures("ingest")


def test_another_name_of_the_package_changes_nothing(look, declared, run):
    former = SimpleNamespace(package="former")
    config = name_as_then(former, to_plain(look().cfg), {"package": "former"})
    assert config == to_plain(look().cfg)
    renamed = name_as_then(declared, config, {"package": "former"})
    assert renamed["data"]["_target_"] == config["data"]["_target_"].replace("toy.", "former.")
    for name in CHAIN:
        report = load_report(name, "reports")
        report.made_from["package"] = "former"
        report.made_from["config"] = hash_config(declared.stages[name], renamed)
        report.seal = report.compute_seal()
        report.write("reports")
    assert stale(look()) == []
    run("clean")
    with pytest.raises(UserError, match="`ingest` ran with a different data"):
        run("clean", "data.name=other")


def test_a_setting_makes_its_stage_and_what_follows_stale_and_nothing_before(look):
    project = look("seed=12345")
    assert stale(project) == ["split", "preprocess"]
    with pytest.raises(StaleError, match="the config of `split` changed: run `split`"):
        project.figures("split")
    with pytest.raises(StaleError, match="the config of `split` changed: run `pipeline`"):
        project.figures("preprocess")
    assert stale(look("optimizer.lr=0.5")) == []


def test_what_ran_with_other_values_than_configs_hold_says_where_to_write_them(run, look):
    run("split", "seed=7", "split.test=0.2", "split.train=0.7")
    told = (
        "`split` ran with values that are not in configs/: to keep them, write seed=7 into "
        "configs/config.yaml, split.test=0.2 into configs/split/stratified.yaml, "
        "split.train=0.7 into configs/split/stratified.yaml"
    )
    with pytest.raises(StaleError, match=re.escape(told)):
        look().figures("split")


def test_a_report_that_was_edited_is_not_from_a_run_nor_is_what_follows(look, processed):
    path = processed / "reports" / "clean.json"
    path.write_text(path.read_text().replace('"items": ', '"items": 1', 1))
    project = look()
    assert stale(project) == ["clean", "split", "preprocess"]
    told = (
        "reports/clean.json is not from a run, or was edited since: run `clean`, or restore it "
        "from git"
    )
    with pytest.raises(StaleError, match=told):
        project.figures("clean")
    with pytest.raises(StaleError, match=r"reports/clean.json is not from a run.*: run `pipeline`"):
        project.figures("preprocess")


def test_a_damaged_report_proves_nothing_and_stops_no_other(look, processed):
    (processed / "reports" / "clean.json").write_text("<<<<<<< ours")
    project = look()
    assert project.figures("ingest")
    with pytest.raises(StaleError, match="is damaged"):
        project.figures("clean")


def test_a_report_from_another_run_makes_what_was_made_from_its_own_stale(look, processed, run):
    kept = (processed / "reports" / "clean.json").read_bytes()
    files = {
        name: (processed / "data" / name).read_bytes() for name in ("clean.csv", "quarantine.csv")
    }
    next(processed.glob("raw/*/*")).write_bytes(b"no picture")
    run("ingest")
    run("clean")
    project = look()
    assert "the inputs of `split` changed" in project.find_changes("split")
    (processed / "reports" / "clean.json").write_bytes(kept)
    assert "of `clean` changed" in look().find_changes("clean")
    assert files["clean.csv"] != (processed / "data" / "clean.csv").read_bytes()


def test_a_stage_that_runs_again_with_the_same_outcome_makes_nothing_stale(look, run):
    for stage in CHAIN:
        run(stage)
        assert stale(look()) == [], stage


def test_a_figure_more_in_a_report_trains_no_model_again(look, processed):
    """As long as a stage takes files alone; those that use figures list the report."""
    report = load_report("preprocess", "reports")
    before = {deps: report.digest_for(deps) for deps in (("data/processed",), ())}
    report.figures["more"] = 1
    assert report.digest_for(("data/processed",)) == before["data/processed",]
    assert report.digest_for(()) != before[()]


def test_an_output_that_was_edited_is_told(look, processed):
    path = processed / "data" / "splits.csv"
    path.write_text(path.read_text().replace("test", "train", 1))
    project = look()
    assert stale(project) == ["split", "preprocess"]
    with pytest.raises(
        StaleError, match=r"data/splits\.csv is not as the run left it: run `split`"
    ):
        project.figures("split")
    path.unlink()
    with pytest.raises(StaleError, match=r"data/splits\.csv is missing: run `split`"):
        look().figures("split")


def test_versions_of_packages_are_compared_by_name(look, processed, monkeypatch):
    versions = {"pandas": "99.0"}
    known = packages.find_version
    monkeypatch.setattr(packages, "find_version", lambda name: versions.get(name) or known(name))
    assert re.fullmatch(
        r"the packages \(pandas \S+ -> 99.0\) of `ingest` changed: run `ingest`",
        look().find_changes("ingest"),
    )


def test_the_lock_counts_where_it_pins_what_a_stage_imports(look, processed):
    Path("requirements.lock").write_text("ruff==1.0\n")
    assert stale(look()) == []
    Path("requirements.lock").write_text("ruff==1.0\npandas==99.0 \\\n    --hash=sha256:0\n")
    assert "locked 99.0" in look().find_changes("ingest")


def test_answers_count_where_a_stage_reads_them(look, processed, run):
    run("explore")
    assert not look().find_changes("explore")
    charter = yaml.safe_load(Path("project.yaml").read_text(encoding="utf-8"))
    Path("project.yaml").unlink()  # a link to what all share
    charter["people"]["rhythm"] = "once a week"
    Path("project.yaml").write_text(yaml.safe_dump(charter))
    assert not look().find_changes("explore")
    charter["data"]["groups"] = {"label=a": 1.0}
    Path("project.yaml").write_text(yaml.safe_dump(charter))
    told = "the answers in project.yaml (data.groups) of `explore` changed: run `explore`"
    assert look().find_changes("explore") == told


def test_a_file_that_the_config_names_counts_by_its_content(look, processed, run, declared):
    Path("splits.csv").write_text("id,split\n")
    given = ("split=predefined", "split.path=splits.csv")
    before = describe_settled(Code(declared), declared.stages["split"], to_plain(compose(given)))
    assert list(before["named"]) == ["splits.csv"]
    Path("splits.csv").write_text("id,split\na,test\n")
    after = describe_settled(Code(declared), declared.stages["split"], to_plain(compose(given)))
    assert before | {"named": after["named"]} == after != before


def test_a_missing_report_is_to_do_and_proves_nothing_after_it(look, processed):
    (processed / "reports" / "clean.json").unlink()
    project = look()
    with pytest.raises(NotYetError, match="run `clean`"):
        project.figures("clean")
    with pytest.raises(StaleError, match="the report of `clean` is missing: run `pipeline`"):
        project.figures("split")


def test_a_figure_that_a_report_lacks_is_to_do_and_named(look):
    figures = look().figures("split")
    assert figures["items"]
    assert figures.get("unicorns") is None
    with pytest.raises(NotYetError, match="the report of `split` has no unicorns: run `split`"):
        _ = figures["unicorns"]
    with pytest.raises(NotYetError, match=r"has no items\.unicorns: run `split`"):
        _ = figures["items"]["unicorns"]
    with pytest.raises(NotYetError, match=r"has no items\.unicorns: run `split`"):
        _ = look().raw_report("split").figures["items"]["unicorns"]


def test_parts_of_figures_in_lists_are_to_do_as_well():
    figures = Figures("tune", {"trials": [{"value": 1, "more": {}}]})
    assert figures == {"trials": [{"value": 1, "more": {}}]}
    with pytest.raises(NotYetError, match=r"`tune` has no trials\.more\.seconds: run `tune`"):
        _ = figures["trials"][0]["more"]["seconds"]


def test_a_check_that_misses_a_figure_makes_its_bullet_to_do(look, monkeypatch):
    def count_unicorns(evidence):
        return Finding(evidence.figures("split")["unicorns"] == 0, "none")

    monkeypatch.setattr(data_split, "count_unicorns", count_unicorns, raising=False)
    bullet = Bullet("X-1", "Item", 2, "auto", "It holds.", (), check="data_split.count_unicorns")
    verdict = judge(bullet, look())
    assert (verdict.status, "has no unicorns" in verdict.figure) == ("to do", True)


def test_a_bullet_of_the_projects_own_is_judged_by_its_own_check(look, processed):
    checklist = load_checklist()
    bullet = checklist.bullets["OWN-01"]
    assert judge(bullet, look()).status == "verified"
    assert "100% of the items are used" in judge(bullet, look()).figure
    assert judge(bullet, look("clean.missing=drop")).status == "stale"
    (processed / "reports" / "clean.json").unlink()
    assert judge(bullet, look()).status == "to do"


def test_an_own_check_is_explained_with_its_line(look, declared):
    told = explain(load_checklist().bullets["OWN-01"], look())
    line = find_line("checks.py#most_items_are_kept", declared)
    assert line > 1
    assert re.search(
        rf"check    most_items_are_kept in .*/toy/checks\.py:{line}$", told, re.MULTILINE
    )
    assert "/toy/data/clean.py:" in told
    assert "/dlproof/data/clean.py:" in told
