"""What a text of the charter must be to count as an answer: words, a name, a licence, a link.

What it says is for people to judge. Here only fillers, single words where a sentence is asked, and
letters that no language has are told from answers: they are *to do*, not wrong.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Annotated

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

PLACEHOLDER = "TODO"
OPEN = "no_answer"  # type of the errors that leave an answer to do
SENTENCE, PHRASE = 3, 2  # different words at least
SIMILAR = 0.8  # share of common words from which two texts are one
TOKEN = re.compile(r"\w+")
# Chinese, Japanese, Thai and their like, which write no spaces: two characters are about a word.
UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
ROWS = ("qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm")  # of keys, read both ways
VOWELS = tuple("aeiouy")  # which are words by themselves
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
FILLERS = """
tbd tba todo fixme placeholder filler dummy test testing foo bar baz qux foobar blah bla blabla
asdf idk dunno whatever none nothing unknown yes no ok okay na lorem ipsum dolor amet
consectetur adipiscing elit eiusmod tempor incididunt labore dolore magna aliqua enim minim
veniam quis nostrud exercitation ullamco laboris aliquip commodo consequat duis aute irure
reprehenderit voluptate velit cillum fugiat nulla sint pariatur excepteur occaecat cupidatat
proident culpa officia deserunt mollit anim laborum
"""
NOTHING = ("none", "no", "nothing", "not needed", "accepted")
CONTRACT = re.compile(
    r"\b(contract|agreement|licen[cs]e|permission|consent|terms|own(ed)?)\b", re.I
)
UNKNOWN = re.compile(r"^\W*(no|none|not|missing|without)\b|\b(unknown|unclear)\b", re.I)


def refuse(reason: str) -> PydanticCustomError:
    """The error that leaves an answer to do, for the reason that follows the answer's name."""
    return PydanticCustomError(OPEN, "{reason}", {"reason": reason})


def is_placeholder(value: object) -> bool:
    """Whether a value is still to do."""
    return value is None or (isinstance(value, str) and value.strip().startswith(PLACEHOLDER))


def say_placeholder(value: object) -> str:
    """`is to do`, and the hint that a placeholder gives."""
    hint = value.strip().removeprefix(PLACEHOLDER).strip() if isinstance(value, str) else ""
    return f"is to do: {hint}" if hint else "is to do"


def refuse_placeholder(text: str) -> str:
    """Something written by whoever answers."""
    if is_placeholder(text) or not text.strip():
        raise refuse(say_placeholder(text))
    return text


def find_words(text: str) -> list[str]:
    """The words of a text in lower case and its numbers; no signs such as `x1`."""
    found = UNSPACED.findall(text)
    words = ["".join(found[at : at + 2]) for at in range(0, len(found), 2)]
    for token in TOKEN.findall(UNSPACED.sub(" ", text)):
        letters = re.sub(r"[\d_]", "", token)
        if token.isdecimal() or len(letters) > 1 or token.casefold() in VOWELS:
            words.append(token if token.isupper() else token.casefold())
    return words


def is_plausible(word: str) -> bool:
    """Whether a token may be a word of some language: no filler, no keys in a row."""
    if word.isdecimal() or UNSPACED.match(word):
        return True
    bare = "".join(c for c in unicodedata.normalize("NFD", word.casefold()) if c.isalpha())
    if bare in FILLERS.split() or (len(bare) > 2 and bare in ALPHABET):
        return False
    if len(bare) > 3 and any(bare in row or bare[::-1] in row for row in ROWS):
        return False
    if len(bare) > len(set(bare)) == 1 or (len(bare) > 5 and re.fullmatch(r"(.{2,4})\1+", bare)):
        return False
    return word.isupper() or not re.fullmatch(r"[b-df-hj-np-tv-xz]{3,}", bare)


def count_words(text: str) -> int:
    """The number of distinct plausible words in a text; 0 where most tokens are not plausible."""
    words = find_words(text)
    likely = [word for word in words if is_plausible(word)]
    letters = any(not word.isdecimal() for word in likely)
    return len(set(likely)) if letters and 2 * len(likely) >= len(words) else 0


@lru_cache(1024)  # each answer is compared with every other one
def find_vocabulary(text: str) -> frozenset[str]:
    """The different words of a text, in lower case."""
    return frozenset(word.casefold() for word in find_words(text))


def are_alike(text: str, other: str) -> bool:
    """Whether two texts of several words differ in only a few of them."""
    first, second = find_vocabulary(text), find_vocabulary(other)
    common = len(first & second)
    return min(len(first), len(second)) >= SENTENCE and common >= SIMILAR * (
        len(first) + len(second) - common
    )


def refuse_no_sentence(text: str) -> str:
    """A sentence, or what says as much."""
    if count_words(text) < SENTENCE:
        raise refuse(f"needs a sentence, and {text.strip()!r:.40} is not one")
    return text


def refuse_no_phrase(text: str) -> str:
    """A few words."""
    if count_words(text) < PHRASE:
        raise refuse(f"needs a few words, and {text.strip()!r:.40} does not say enough")
    return text


def refuse_no_name(text: str) -> str:
    """The name of somebody or something."""
    if count_words(text) < 1:
        raise refuse(f"needs a name, and {text.strip()!r:.40} is not one")
    return text


def is_nothing(mitigation: str) -> bool:
    """Whether a mitigation says that there is none."""
    return mitigation.strip(" .").lower() in NOTHING


def refuse_no_mitigation(text: str) -> str:
    """Requires a few words, or the statement that nothing is done."""
    return text if is_nothing(text) else refuse_no_phrase(text)


def refuse_paragraphs(text: str) -> str:
    """One sentence."""
    ends = sum(text.rstrip().count(mark) for mark in (". ", "? ", "! ", "\n"))
    if ends or len(text) > 300:
        raise ValueError("must be one sentence of at most 300 characters")
    return text


def refuse_unknown_licence(text: str) -> str:
    """A licence that SPDX lists, or a contract that is named; not the absence of one."""
    try:
        canonicalize_license_expression(text.strip())
    except InvalidLicenseExpression:
        named = CONTRACT.search(text) and not UNKNOWN.search(text)
        if not named or count_words(text) < SENTENCE:
            raise ValueError(
                "must be a licence that SPDX lists, such as CC-BY-4.0, or name the contract, "
                f"such as `contract with the clinic of 2025-03-01`, not {text.strip()!r:.40}"
            ) from None
    return text


def refuse_no_link(text: str) -> str:
    """An address, a DOI or a path: somewhere to look."""
    if not re.search(r"[^\s.][/\\@][^\s]|://|[^\W\d_]\.[^\W\d_]{2,}|\b10\.\d{4,}", text):
        raise refuse(f"needs a link, a DOI or a path, and {text.strip()!r:.40} is none of these")
    return text


def refuse_two_people(text: str) -> str:
    """One name: what two own, nobody owns."""
    if re.search(r"[,;&/+]|\b(and|or|und|et)\b", text, re.IGNORECASE):
        raise ValueError("must be one name: what two people own, nobody owns")
    return text


def refuse_no_figure(text: str) -> str:
    """What others reach is a number."""
    if not re.search(r"\d", text):
        raise ValueError("must give the figure that is reached")
    return text


Text = Annotated[str, AfterValidator(refuse_placeholder)]
Name = Annotated[Text, AfterValidator(refuse_no_name)]
Phrase = Annotated[Text, AfterValidator(refuse_no_phrase)]
Sentence = Annotated[Text, AfterValidator(refuse_no_sentence)]
Mitigation = Annotated[Text, AfterValidator(refuse_no_mitigation)]
Licence = Annotated[Text, AfterValidator(refuse_unknown_licence)]
Link = Annotated[Text, AfterValidator(refuse_no_link)]
Amount = Annotated[float, Field(ge=0)]
