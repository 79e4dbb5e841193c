"""Texts that answer nothing are to do, honest short ones are done, and facts are held."""

from datetime import date

import pytest
from dlproof.charter.charter import Answers
from dlproof.charter.mistakes import flatten
from dlproof.charter.words import are_alike, count_words
from dlproof.checklist.bullets import ASKED
from dlproof.markup import read_yaml

from .conftest import put

TODAY = date(2026, 12, 1)
FREE = ("level", "target", "mode", "task", "metric", "contact", "currency", "sheet", "bullet")


def attested(content):
    """Keys of the charter that bullets ask for, and that are done."""
    items = read_yaml(ASKED)["items"].values()
    keys = {k for item in items for b in item["bullets"].values() for k in b.get("answers", ())}
    answers = Answers(content, {}, TODAY)
    return {key for key in keys if answers.get(key).state == "done"}


def paste(content, text):
    """The charter with one text wherever words are asked."""
    if isinstance(content, dict):
        return {key: part if key in FREE else paste(part, text) for key, part in content.items()}
    if isinstance(content, list):
        return [paste(part, text) for part in content]
    return text if isinstance(content, str) else content


def test_every_answer_of_the_demo_is_done(complete):
    answers = Answers(complete, {}, TODAY)
    assert answers.mistakes == {}
    assert {answer.state for answer in answers.all()} == {"done"}


@pytest.mark.parametrize(
    "text",
    [
        "x1",
        "TBD",
        "?",
        "yes",
        "12",
        "asdf asdf asdf",
        "asdf qwer zxcv",
        "hjkl fdsa poiu trewq",
        "abc def ghi",
        "xxx yyy zzz",
        "foo bar baz",
        "blah blah blah",
        "fjdk sldk wkrt",
        "lorem ipsum dolor sit amet",
        "Sed do eiusmod tempor incididunt ut labore et dolore magna aliqua.",
        "We build a very good model for everybody.",
        "- - -",
    ],
)
def test_one_text_everywhere_attests_nothing(complete, text):
    assert attested(paste(complete, text)) == attested(paste(complete, "x1"))
    answers = Answers(paste(complete, text), {}, TODAY)
    assert {answers.get(key).state for key in ("problem.statement", "people.rhythm")} == {"todo"}


def test_what_asks_for_no_words_is_all_that_x1_leaves(complete):
    assert attested(paste(complete, "x1")) == set()


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("problem.goal", "Cut churn from 5 % to 3 %"),
        ("problem.goal", "Rechnungen schneller prüfen"),
        ("problem.goal", "手書きの数字を読む"),
        ("problem.goal", "меньше ручной работы"),
        ("problem.output", "a price"),
        ("people.rhythm", "weekly stand-up"),
        ("people.owner", "Li"),
        ("people.owner", "BBC"),
        ("people.owner", "王芳"),
        ("data.personal", "none: the rows are measurements of metal"),
        ("data.collection_cost", "500 EUR"),
        ("data.collection_cost", "not needed"),
        ("need.from_scratch", "not needed, the model is pretrained"),
        ("risks.0.mitigation", "none"),
        ("references.0.figure", "accuracy of 0.98"),
        ("data.sources.0.licence", "CC0-1.0"),
        ("data.sources.0.licence", "MIT OR Apache-2.0"),
        ("data.sources.0.licence", "LicenseRef-Clinic"),
        ("data.sources.0.licence", "contract with the clinic of 2025-03-01, not for resale"),
        ("data.sources.0.link", "s3://bucket/forms"),
        ("data.sources.0.link", "10.24432/C50P49"),
        ("serving.runs_page", "reports/runs.html"),
    ],
)
def test_an_honest_short_answer_is_done(complete, key, text):
    put(complete, key, text)
    answer = Answers(complete, {}, TODAY).get(key)
    assert answer.state == "done", answer.as_line()


@pytest.mark.parametrize(
    ("key", "text", "state"),
    [
        ("problem.statement", "Digits", "todo"),
        ("problem.statement", "We want it. It is good. It is ours.", "wrong"),
        ("need.enough_data", "enough", "todo"),
        ("data.personal", "none", "todo"),
        ("people.owner", "Ada and Bob", "wrong"),
        ("people.owner", "x1", "todo"),
        ("data.sources.0.licence", "free", "wrong"),
        ("data.sources.0.licence", "unknown", "wrong"),
        ("data.sources.0.licence", "CC-BY", "wrong"),
        ("data.sources.0.licence", "no licence", "wrong"),
        ("data.sources.0.link", "somewhere", "todo"),
        ("references.0.figure", "very good results", "wrong"),
        ("references.0.figure", "x1", "todo"),
        ("risks.0.mitigation", "hope", "todo"),
    ],
)
def test_a_word_where_a_sentence_is_asked_is_to_do_and_a_false_one_wrong(
    complete, key, text, state
):
    put(complete, key, text)
    assert Answers(complete, {}, TODAY).get(key).state == state


def test_a_text_that_answers_two_questions_answers_neither(complete):
    complete["need"]["worth_it"] = complete["need"]["enough_data"].upper() + " 2"
    answers = Answers(complete, {}, TODAY)
    for key, other in (("worth_it", "enough_data"), ("enough_data", "worth_it")):
        answer = answers.get(f"need.{key}")
        assert (answer.state, answer.reason.split(":")[0]) == (
            "todo",
            f"repeats need.{other}",
        )


def test_items_of_one_list_and_names_may_be_alike(complete):
    complete["risks"] *= 2
    complete["people"]["owner"] = complete["data"]["sources"][0]["owner"] = "Ada of the Turing lab"
    assert Answers(complete, {}, TODAY).mistakes == {}


def test_words_are_counted_in_any_script_and_once_each():
    assert count_words("one grey picture, one grey picture") == 3
    assert count_words("p95 of 250 ms") == 3
    assert count_words("Angstschweiß bei 30 °C") == 3
    assert are_alike("Say which digit it is", "say, which digit it is!")
    assert not are_alike("Say which digit it is", "Say how large it is")


def test_places_of_scalars_are_dotted():
    assert dict(flatten({"a": {"b": [1, {"c": 2}]}})) == {"a.b.0": 1, "a.b.1.c": 2}
