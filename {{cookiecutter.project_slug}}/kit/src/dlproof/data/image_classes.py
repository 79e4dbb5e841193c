"""Names of class folders: splits that look like classes, and one class in several spellings."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ..errors import UserError
from .store import TEST, TRAIN, VALIDATION

NESTED = "split/class"  # `data.layout`: train/cat, test/cat, …
SPLIT_NAMES = {
    TRAIN: ("train", "training", "trainset"),
    VALIDATION: ("validation", "val", "valid", "dev", "development", "validate", "eval"),
    TEST: ("test", "testing", "testset", "holdout"),
}
SPLIT_OF = {name: split for split, names in SPLIT_NAMES.items() for name in names}


def find_split(folder: str) -> str | None:
    """The split that a folder's name says: `Val`, `val_set` and `01_test` do."""
    words = re.split(r"[\W_\d]+", folder.casefold())
    found = {SPLIT_OF[word] for word in words if word in SPLIT_OF}
    rest = [w for w in words if w and w not in SPLIT_OF and w not in ("set", "images", "data")]
    return found.pop() if len(found) == 1 and not rest else None


def refuse_splits(root: Path, labels: Sequence[str]) -> None:
    """Stops where the class folders are called like splits.

    Raises:
        UserError: Two of them are; says how to use such a layout, and how to insist on classes.
    """
    names = sorted(set(labels) - {""})
    splits = [name for name in names if find_split(name)]
    if len({find_split(name) for name in splits}) > 1:
        raise UserError(
            f"the class folders of {root} are called {', '.join(splits)}, which are splits: "
            f"data.layout={NESTED} takes the folders inside them as classes, and split=predefined "
            f"split.path={root} keeps each item where it is (without it, items are split afresh). "
            "If they are classes after all, set data.layout=class."
        )


def read_split_folders(root: Path, items: Collection[str]) -> dict[str, str]:
    """Id -> split, from the first folder of each id.

    Raises:
        UserError: A folder is called otherwise, or there is none for a split.
    """
    found = {item: find_split(item.partition("/")[0]) for item in items}
    odd = sorted({item.partition("/")[0] for item, split in found.items() if split is None})
    if odd:
        raise UserError(
            f"{root / odd[0]} is not the name of a split: call it train, validation or test, or "
            f"leave it out with data.ignore=['{odd[0]}']."
        )
    for split in SPLIT_NAMES:
        if split not in found.values():
            raise UserError(
                f"{root} has no folder for {split} ({', '.join(SPLIT_NAMES[split][:2])}): make one "
                "from a part of another split's items, or set split.path to a CSV of id and split."
            )
    return {item: split for item, split in found.items() if split}


def join_spellings(
    labels: Sequence[str], fold: bool | Mapping[str, str] | None
) -> tuple[list[str], list[str]]:
    """Labels with one spelling a class, and a sentence for each spelling that is changed.

    Accents that are composed in two ways are one name; case and blanks are for a person to say.

    Args:
        labels: One an item.
        fold: Whether names that differ in case or blanks alone are one class, or name -> class;
            None: nobody said.

    Raises:
        UserError: There are such names, and nobody said.
    """
    counts = Counter(labels)
    classes = dict(fold) if isinstance(fold, Mapping) else {}
    names: dict[str, list[str]] = {}
    for name, _ in counts.most_common():
        named = classes.get(name, classes.get(compose(name), name))
        names.setdefault(compose(named) if fold is False else key(named), []).append(name)
    chosen: dict[str, str] = {}
    told = []
    for spellings in names.values():
        mapped = {compose(classes.get(name, name)) for name in spellings}
        if len(mapped) > 1 and fold is not True:
            shown = " and ".join(f"{name!a} ({counts[name]} items)" for name in spellings)
            raise UserError(
                f"the class folders {shown} differ only in case, width or blanks: "
                "data.fold='{class: true}' makes them one class, data.fold='{class: false}' keeps "
                "them apart."
            )
        best = compose(classes.get(spellings[0], spellings[0]))
        chosen |= dict.fromkeys(spellings, best)
        if changed := [name for name in spellings if name != best]:
            shown = " and ".join(f"{name!a} ({counts[name]} items)" for name in changed)
            told.append(f"the class folders {shown} are merged into the class {best!r}.")
    return [chosen[label] for label in labels], told


def compose(name: str) -> str:
    """A name with its accents in one composition: files come from several systems."""
    return unicodedata.normalize("NFC", name)


def key(name: str) -> str:
    """What spellings of one name share."""
    wide = unicodedata.normalize("NFKC", name)
    visible = "".join(letter for letter in wide if unicodedata.category(letter) != "Cf")
    return " ".join(visible.casefold().split())
