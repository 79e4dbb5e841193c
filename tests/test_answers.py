"""Hostile answers: either a project that parses everywhere, or a refusal that leaves no folder."""

import json
import keyword
import sys
import tempfile
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from conftest import PROJECT, TEMPLATE, bake, files_below, write_cookiecutter_config
from cookiecutter.exceptions import FailedHookException
from cookiecutter.main import cookiecutter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_documents import LOCKS, read_pins

from dl_template.answers import TAKEN

CLOSING = ("}}", "%}", "#}")
BRACES = ("{{", "{%", "{#", *CLOSING)
INVISIBLE = (
    *map(chr, (*range(0x20), *range(0x7F, 0xA0))),
    *"\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069\ufeff\ufffe\uffff",
    *"\ufdd0\ufdef\ufff9\ufffd\U0001fffe\U0010ffff\U000e0001\U000f0000\ud800\udfff",
)
FREE_TEXTS = ("project_name", "description", "author_name")
# Characters that some format gives a meaning, and what people really write.
AWKWARD = st.sampled_from(
    [
        *"\"'\\`$#:@&*!|>%-[]{},?<~=/;()",
        *"éßøЖ中あ한ع🙂\u00a0\u0301",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈",
        "'''",
        '"""',
        "\\n",
        "\\u2028",
        "\\",
        "yes",
        "null",
        ": ",
        " #",
        "- ",
        "</script>",
        "${HOME}",
        "$(id)",
        "${now:%Y}",
        "%s",
        "{0}",
    ]
)
AWKWARD_TEXT = (
    st.lists(st.one_of(AWKWARD, st.characters(codec="utf-8", exclude_categories=["C", "Z"])))
    .map("".join)
    .filter(lambda text: text.strip() and len(text) <= 200)
    .filter(lambda text: not any(token in text for token in (*BRACES, *INVISIBLE)))
)
REFUSED_TEXT = st.one_of(
    st.sampled_from(["", " ", "\u3000", "x" * 201, "🙂" * 201]),
    st.builds(
        "{}{}{}".format,
        st.text("ab\"'\\ ", min_size=1, max_size=5),
        st.sampled_from([*CLOSING, *INVISIBLE]),
        st.text("ab\"'\\ ", min_size=1, max_size=5),
    ),
)
# Opening braces are code to cookiecutter wherever it does not ask; a test of their own has them.
NO_CODE = st.text(max_size=60).filter(lambda text: not any(token in text for token in BRACES))
NOT_ASCII = NO_CODE.filter(lambda text: not text.isascii())
BAD_SLUGS = st.one_of(
    st.sampled_from(
        [
            *("", ".", "..", "/", "../x", "a/b", "a\\b", "/abs", "~", "a b", "a\tb", "a_b", "a.b"),
            *("-a", "a-", "a--b", "1a", "A", "aB", "é", "ａ", "x" * 51, "a\n", "\na", "a\u0301"),
            *("torch", "numpy", "python", "pip", "json", "test", "tests", "src", "con", "com1"),
            *("dlproof", "kit"),
            *("scikit-learn", "hydra-core", "pre-commit", "&#97;", "$(id)", "`id`", "a;b", "a'b"),
        ]
    ),
    NOT_ASCII,
)
BAD_PACKAGES = st.one_of(
    st.sampled_from(
        [
            *("", "1a", "a-b", "a.b", "a b", "../x", "/x", "A", "aB", "_a", "__init__", "é", "ａ"),
            *("x" * 51, "a\n", "class", "match", "none", "torch", "numpy", "lightning", "json"),
            *("test", "tests", "src", "configs", "sklearn", "hydra", "dvc", "wandb", "email"),
            *("dlproof", "kit"),
        ]
    ),
    NOT_ASCII,
)
BAD_EMAILS = st.one_of(
    st.sampled_from(
        [
            *("", "a", "@", "a@", "@b.c", "a@b", "a@b..c", "a@.b.c", "a@b.c.", "a b@c.d"),
            *("a@b@c.d", ".a@b.c", "a.@b.c", "a..b@c.d", '"a"@b.c', "a@-b.c", "a@b_c.d", "é@b.c"),
            *("a@b c.d", "a@b.c\n", "a@b.c>", "<a@b.c", "a,b@c.d", "a" * 100 + "@b.c"),
        ]
    ),
    NO_CODE.filter(lambda text: "@" not in text),
)
BAD_OWNERS = st.one_of(
    st.sampled_from(["", "-a", "a-", "a--b", "a/b", "a b", "@a", "a.b", "é", "a" * 40, "a\n#"]),
    NOT_ASCII,
)
BAD_ANSWERS = {
    **dict.fromkeys(FREE_TEXTS, REFUSED_TEXT),
    "project_slug": BAD_SLUGS,
    "package_name": BAD_PACKAGES,
    "author_email": BAD_EMAILS,
    "github_owner": BAD_OWNERS,
}
MANY = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}


def check_parses(project: Path, known: dict[str, bytes] | None = None) -> None:
    """Parse every generated file by its format, but those that are as in a known project."""
    for name, content in files_below(project).items():
        if known and known[name] == content:
            continue
        text = content.decode()
        if name.endswith((".yaml", ".yml")):
            list(yaml.load_all(text, yaml.CSafeLoader))
        elif name.endswith(".toml"):
            tomllib.loads(text)
        elif name.endswith(".json"):
            json.loads(text)
        elif name.endswith(".py"):
            compile(text, name, "exec", dont_inherit=True)


def refusal_of(answers: dict) -> str:
    """Generate, expect one sentence that says why, and no folder in or beside the output folder."""
    with tempfile.TemporaryDirectory() as folder:
        config = write_cookiecutter_config(Path(folder) / "config")
        output = Path(folder) / "outer" / "inner"
        output.mkdir(parents=True)
        with pytest.raises(FailedHookException, match=r"Nothing was generated") as caught:
            bake(output, config, **answers)
        assert [path.name for path in (Path(folder) / "outer").rglob("*")] == ["inner"]
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.fixture(scope="module")
def plain(tmp_path_factory, cookiecutter_config) -> dict[str, bytes]:
    """The files of a project with the default answers."""
    folder = tmp_path_factory.mktemp("plain")
    project = bake(folder, cookiecutter_config, project_slug="tried")
    check_parses(project)
    return files_below(project)


# A second each; more of them are for who has the time.
@pytest.mark.parametrize("examples", [8, pytest.param(600, marks=pytest.mark.slow)])
def test_awkward_text_survives_in_a_project_that_parses(plain, examples):
    @settings(max_examples=examples, **MANY)
    @given(texts=st.fixed_dictionaries(dict.fromkeys(FREE_TEXTS, AWKWARD_TEXT)))
    def survive(texts: dict[str, str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            config = write_cookiecutter_config(Path(folder) / "config")
            # The name's own slug may be no slug; the text is what is tried here.
            project = bake(Path(folder), config, project_slug="tried", **texts)
            check_parses(project, plain)
            text = (project / "pyproject.toml").read_text(encoding="utf-8")
            about = tomllib.loads(text)["project"]
            assert about["description"] == texts["description"]
            assert about["authors"] == [{"name": texts["author_name"], "email": "you@example.com"}]
            readme = (project / "README.md").read_text(encoding="utf-8")
            assert readme.startswith(f"# {texts['project_name']}\n")
            assert texts["author_name"] in (project / "LICENSE").read_text(encoding="utf-8")

    survive()


@pytest.mark.parametrize("question", BAD_ANSWERS)
def test_bad_answer_is_refused_and_leaves_no_folder(question):
    @settings(max_examples=20, **MANY)
    @given(value=BAD_ANSWERS[question])
    def refuse(value: str) -> None:
        assert question in refusal_of({question: value})

    refuse()


@settings(max_examples=20, **MANY)
@given(answers=st.fixed_dictionaries(BAD_ANSWERS))
def test_bad_answers_are_refused_all_at_once(answers):
    message = refusal_of(answers | {"task": "regression"})
    for name in (*answers, "data_type and task"):
        assert name in message


@settings(max_examples=20, **MANY)
@given(
    question=st.sampled_from([*BAD_ANSWERS, "license"]),
    code=st.sampled_from(
        [
            "{{ 7*7 }}",
            "{{ cookiecutter }}",
            "{{ nothing }}",
            "{{ cookiecutter.update({'task': 'x'}) }}",
            "{% if 1 %}a{% endif %}",
            "{% raw %}{{ a }}{% endraw %}",
            "a{# b #}b",
            "{{",
            "{%",
            "{#",
            "{% now 'utc' %}",
        ]
    ),
)
def test_template_code_in_an_answer_leaves_no_folder(question, code):
    with tempfile.TemporaryDirectory() as folder:
        config = write_cookiecutter_config(Path(folder) / "config")
        # A choice that is none is refused by cookiecutter itself.
        kind = ValueError if question == "license" else FailedHookException
        with pytest.raises(kind, match=r"the choices are|holds template code"):
            bake(Path(folder) / "out", config, **{question: code})
        assert not list(Path(folder).glob("out/*"))


@pytest.mark.parametrize("value", [None, True, 7, 7.5])
def test_answer_that_is_no_text_is_refused_or_written_as_text(value):
    for question in BAD_ANSWERS:
        with tempfile.TemporaryDirectory() as folder:
            config = write_cookiecutter_config(Path(folder) / "config")
            try:
                check_parses(bake(Path(folder) / "out", config, **{question: value}))
            except FailedHookException:
                assert not list(Path(folder).glob("out/*"))


@pytest.mark.parametrize(
    ("slug", "package"),
    [("a", "ab"), ("a1", "x" * 50), ("deep-net-2", "deep_net_2"), ("x" * 50, "a1")],
)
def test_usual_names_are_accepted(slug, package, tmp_path, cookiecutter_config):
    project = bake(tmp_path, cookiecutter_config, project_slug=slug, package_name=package)
    assert project == tmp_path / slug
    assert (project / "src" / package / "__init__.py").exists()
    check_parses(project)


@pytest.mark.parametrize(
    ("email", "owner"),
    [
        ("a@b.co", "a"),
        ("a.b+c_d-e@sub.example-site.org", "My-Org"),
        ("1@2.3.xn--p1ai", "emu_company"),
        ("a@b.co", "a" * 39),
    ],
)
def test_usual_contacts_are_accepted(email, owner, tmp_path, cookiecutter_config):
    assert bake(tmp_path, cookiecutter_config, author_email=email, github_owner=owner).is_dir()


def test_names_of_all_that_is_installed_are_refused():
    """Read from the template's own list: one bake for each name would take minutes."""
    names = {*sys.stdlib_module_names, *keyword.kwlist, *keyword.softkwlist}
    names |= set(metadata.packages_distributions())
    for distribution in metadata.distributions():
        names.add(distribution.metadata["Name"])
        names |= {e.name for e in distribution.entry_points if e.group == "console_scripts"}
    names |= {name for lock in LOCKS for name in read_pins(lock)}
    names |= {path.name for path in PROJECT.glob("kit/src/*/")} | {"kit"}
    plain = {name.lower().replace("-", "_").replace(".", "_") for name in names}
    allowed = {name for name in plain if name.isascii() and name.isidentifier()}
    assert {name for name in allowed if not name.startswith("_")} - TAKEN == set()


@pytest.fixture
def type_answers(monkeypatch, tmp_path):
    """Answer the questions of a terminal; returns the message of the refusal."""

    def answer(**typed: str) -> str:
        def read(name: str, default: object, *_: object, **__: object) -> object:
            return typed.get(name, default[0] if isinstance(default, list) else default)

        monkeypatch.setattr("cookiecutter.prompt.read_user_variable", read)
        monkeypatch.setattr("cookiecutter.prompt.read_user_choice", read)
        config = write_cookiecutter_config(tmp_path / "config")
        with pytest.raises(FailedHookException, match=r"Nothing was generated") as caught:
            cookiecutter(str(TEMPLATE), output_dir=str(tmp_path / "out"), config_file=str(config))
        assert [path.name for path in tmp_path.iterdir()] == ["config"]
        return str(caught.value)

    return answer


@pytest.mark.parametrize("token", BRACES)
def test_typed_braces_are_refused_and_not_executed(token, type_answers):
    for question in FREE_TEXTS:
        message = type_answers(project_slug="tried", **{question: f"a {token} b"})
        assert f"{question} holds the braces" in message


def test_questions_are_all_asked_before_one_message_names_every_problem(type_answers):
    typed = {
        "project_name": "{{ 7*7 }}",
        "project_slug": "../x",
        "package_name": "torch",
        "description": "a\u2028b",
        "author_name": " ",
        "author_email": "nobody",
        "github_owner": "a/b",
    }
    message = type_answers(**typed, data_type="image", task="regression")
    for name in (*typed, "data_type and task"):
        assert name in message
