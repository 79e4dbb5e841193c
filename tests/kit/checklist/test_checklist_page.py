"""The page is one valid, self-contained file, and its trend has a column a commit."""

import base64
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from dlproof.checklist import history
from dlproof.checklist.page import draw_ring, write_page
from dlproof.checklist.standing import Standing
from dlproof.checklist.verdict import STATUSES, Verdict
from omegaconf import OmegaConf

VOID = {"br", "circle", "col", "hr", "img", "input", "link", "meta", "path", "rect", "use"}
PICTURE = base64.b64encode(b"any bytes will do").decode()


class Page(HTMLParser):
    """Reads a page strictly: every element is closed where it was opened."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.text.append(data)

    def of(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture
def evidence(untouched, declared):
    """A project whose reports folder is its own."""
    cfg = OmegaConf.create({"paths": {"reports_dir": "reports"}})
    (untouched / "reports").mkdir()
    return SimpleNamespace(cfg=cfg, project=declared)


@pytest.fixture
def page(standing, evidence):
    return Page(write_page(standing, evidence).read_text(encoding="utf-8"))


def test_the_page_is_well_formed_and_every_link_within_it_leads_somewhere(page):
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    inner = {a["href"][1:] for a in page.of("a", "use") if a["href"].startswith("#")}
    assert inner <= set(ids)
    assert "list" in inner
    named = {a[key] for _, a in page.elements for key in ("aria-labelledby",) if key in a}
    assert named <= set(ids)


def test_the_page_needs_nothing_but_itself(page, evidence):
    source = Path(evidence.cfg.paths.reports_dir, "checklist.html").read_text(encoding="utf-8")
    loaded = [a.get("src", "") for a in page.of("img", "script", "iframe", "source")]
    assert all(not src or src.startswith("data:") for src in loaded)
    assert page.of("link", "iframe", "object") == []
    assert not re.search(r"https?:|@import|url\(|//\w+\.\w", source)


def test_the_page_lists_every_bullet_with_its_verdict_in_words(page, standing):
    rows = [a for a in page.of("li") if a.get("class") == "row"]
    assert [row["id"] for row in rows] == sorted(
        standing.verdicts, key=lambda name: standing.checklist.bullets[name].phase
    )
    assert all(row["data-status"] == standing.verdicts[row["id"]].status for row in rows)
    words = [text.strip() for text in page.text]
    assert all(words.count(status) >= total for status, total in standing.count().items())


def test_the_page_can_be_used_by_ear_and_by_keyboard(page):
    assert page.of("html") == [{"lang": "en"}]
    assert [len(page.of(tag)) for tag in ("main", "header", "footer", "h1", "title")] == [1] * 5
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert all(a.get("alt") for a in page.of("img"))
    assert all(a.get("aria-label") for a in page.of("input", "form"))
    hidden = [a for tag, a in page.elements if tag == "svg"]
    assert all(a.get("aria-hidden") == "true" for a in hidden)
    assert page.of("form")[0].keys() >= {"hidden"}  # shown by the script alone


def test_files_are_linked_from_where_the_page_lies(page, untouched):
    links = {a["href"] for a in page.of("a") if not a["href"].startswith("#")}
    assert "../project.yaml" in links
    assert [link for link in links if not (untouched / "reports" / link).exists()] == []


def test_a_figure_is_text_and_never_markup(standing, evidence):
    verdicts = standing.verdicts | {
        "DL-01.1": Verdict("failing", "<script>alert(1)</script> `x<y`")
    }
    path = write_page(Standing(standing.checklist, verdicts, standing.score), evidence)
    page = Page(path.read_text(encoding="utf-8"))
    assert len(page.of("script")) == 1
    assert "<script>alert(1)</script> " in page.text
    assert "x<y" in page.text


def test_a_picture_is_embedded_once_and_names_its_bullets(standing, evidence, untouched):
    (untouched / "reports" / "a.png").write_bytes(base64.b64decode(PICTURE))
    shown = Verdict("verified", "x", "a.png")
    verdicts = standing.verdicts | {
        "DL-01.1": shown,
        "DL-01.2": shown,
        "DL-01.3": Verdict("stale", "", "b.png"),
    }
    path = write_page(Standing(standing.checklist, verdicts, standing.score), evidence)
    (image,) = Page(path.read_text(encoding="utf-8")).of("img")
    assert image["src"] == f"data:image/png;base64,{PICTURE}"
    assert "DL-01.1, DL-01.2" in image["alt"]


def test_the_page_of_an_unchanged_project_is_the_same_byte_for_byte(standing, evidence):
    first = write_page(standing, evidence).read_bytes()
    assert write_page(standing, evidence).read_bytes() == first


def test_rings_go_around_once():
    totals = dict.fromkeys(STATUSES, 0) | {
        "verified": 2,
        "present": 1,
        "failing": 1,
        "to do": 4,
        "n/a": 9,
    }
    arcs = list(draw_ring(totals))
    assert [status for status, _, _ in arcs] == ["verified", "present", "failing", "to do"]
    assert arcs[0][1:] == (0.0, 25.0)
    assert sum(length for _, _, length in arcs) == 100
    assert list(draw_ring(dict.fromkeys(totals, 0))) == []
    assert list(draw_ring(totals | {"to come": 5})) == arcs


def test_the_history_has_one_line_a_commit(standing, tmp_path, monkeypatch):
    for commit in ("a", "a", "b", "a"):
        now = {"commit": commit, "date": "2026-03-25"}
        monkeypatch.setattr(history, "describe_now", lambda now=now: now)
        lines = history.record(standing, tmp_path)
    assert [line["commit"] for line in lines] == ["b", "a"]
    written = (tmp_path / history.NAME).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in written] == lines
    assert lines[0]["totals"] == standing.count()


def test_a_history_with_a_merges_marks_is_still_read(tmp_path):
    path = tmp_path / history.NAME
    path.write_text('<<<<<<< ours\n{"commit": "a", "totals": {}}\n=======\n[]\n')
    assert [line["commit"] for line in history.read_history(path)] == ["a"]
