"""`reports/index.html` leads to every page that there is, and to no other."""

import re
from pathlib import Path

import pytest
from dlproof import page

KIT = Path(page.__file__).parent
PAGES = [path for path in KIT.rglob("*.html") if path.parent != KIT]


@pytest.fixture
def fill(tmp_path):
    """`fill("a.html", "title")`: writes a page and returns the index."""
    template = tmp_path / "template.txt"
    template.write_text(
        '{% extends "look.html" %}{% block title %}{{ title }}{% endblock %}'
        "{% block about %}What `a` & b say.{% endblock %}"
    )

    def write(name, title):
        page.fill_template(template, tmp_path / "reports" / name, title=title)
        return (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")

    return write


def find_links(text):
    return re.findall(r'href="(.*?)"', text)


def test_it_names_each_page_once_with_what_it_says_and_when_it_was_made(fill):
    fill("b.html", "<b>")
    text = fill("a.html", "older")
    text = fill("a.html", "second")
    assert find_links(text) == ["a.html", "b.html"]
    assert ">second</a>" in text
    assert "older" not in text
    assert ">&lt;b&gt;</a>" in text
    assert text.count("What <code>a</code> &amp; b say.") == 2
    assert len(re.findall(r"made \d{4}-\d\d-\d\d \d\d:\d\d UTC", text)) == 2


def test_a_page_that_went_is_no_link_and_one_of_others_is(fill, tmp_path):
    fill("a.html", "a")
    (tmp_path / "reports" / "a.html").unlink()
    (tmp_path / "reports" / "a notebook.html").write_bytes(b"\xff<p>")
    text = fill("b.html", "b")
    assert find_links(text) == ["a%20notebook.html", "b.html"]
    assert ">a notebook.html</a>" in text


def test_every_page_leads_back(fill, tmp_path):
    fill("a.html", "a")
    assert find_links((tmp_path / "reports" / "a.html").read_text()) == ["index.html"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(KIT).as_posix())
def test_every_template_says_what_the_page_is_and_leads_back(path):
    text = path.read_text(encoding="utf-8")
    assert '{% extends "look.html" %}' in text or 'href="index.html"' in text
    assert "{% block about %}" in text or '<meta name="description"' in text
