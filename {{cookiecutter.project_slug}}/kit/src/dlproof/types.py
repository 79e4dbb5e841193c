"""The data axis: what one kind of item (image, table row) must bring; one file an option.

An option is a class named by `_target_` in `configs/data/`. It imports no torch, so that ingest,
split and the service start quickly.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import pandas as pd  # which takes a third of the time in which `checklist` starts
    from fastapi import Request
    from torch import Tensor

KEYS = ("group", "time", "origin")  # columns of `items` that a config may declare
Arrays = dict[str, np.ndarray]
State = dict[str, Any]


def rules_of(state: State) -> State:
    """What `ingest` expected of each item, empty where nothing was."""
    rules: State = state.get("expectations", {}).get("rules", {})
    return rules


@dataclass(frozen=True)
class Disturbance:
    """One way in which an item may be worse than those of training.

    Attributes:
        change: (arrays, state, strength, draws) -> arrays of the same names, shapes and types; the
            given ones stay as they are.
        told: What items are then, with a place for the strength: `noise of {:g}`.
        hides: Whether nothing is left from which the label could be read.
    """

    change: Callable[[Arrays, State, float, np.random.Generator], Arrays]
    told: str
    hides: bool = False


class DataType(Protocol):
    """How one kind of item is listed, checked, encoded and served.

    `items` are tables of texts with one row an item: `id` (stable, unique), `label` (as it came),
    `hash` (SHA-256 of the item's content), `source` (file, or file and row), and what the config
    declares or else nothing: `group` (items that belong together, such as a patient's), `time`
    and `origin` (site, device, batch of collection). As `list_items` gives them, their `attrs` may
    hold `warnings`, sentences on what was merged, guessed, converted or left out, and `figures` for
    the report of `ingest`. `raw` is what `read` gives: a list of PIL images, or a table of the
    feature columns.
    """

    name: str
    DISTURBANCES: Mapping[str, Disturbance]

    def provide(self) -> None:
        """Writes the embedded data where it is asked for and not there yet."""

    def list_items(self) -> pd.DataFrame:
        """Lists all raw items, sorted by id, the unreadable ones included.

        Raises:
            UserError: There is nothing usable; names the file or folder and the remedy.
        """

    def refuse_unusable(self, preprocess: Any) -> None:
        """Raises a UserError that names all that is wrong with the data as a whole, if anything."""

    def find_personal(self, items: pd.DataFrame) -> Iterator[tuple[str, str]]:
        """Kind and place of each find of personal data, in features and everything beside them."""

    def expect(self, items: pd.DataFrame, path: Path) -> tuple[State, dict[str, str]]:
        """Holds the items against a file of expectations.

        Returns:
            The file's rules, JSON-able, and id -> reason of every item that breaks them.

        Raises:
            UserError: The file is wrong, or the data as a whole is not what it says.
        """

    def draft_expectations(self) -> str:
        """A file of expectations that the raw data meets, as text."""

    def find_problems(self, items: pd.DataFrame) -> dict[str, str]:
        """Id -> reason of every item that cannot be used."""

    def find_missing(self, items: pd.DataFrame) -> dict[str, str]:
        """Id -> reason of every readable item that lacks some of its values."""

    def find_lost(self, items: pd.DataFrame, arrays: Arrays, state: State) -> list[str]:
        """A sentence on items whose arrays have lost what the raw ones hold.

        Raises:
            UserError: Most have.
        """

    def find_near(self, items: pd.DataFrame, min_similarity: float) -> np.ndarray:
        """Cluster number of every item, (N,); near duplicates of readable items share theirs."""

    def explore(self, items: pd.DataFrame, folder: Path, settings: Any) -> dict[str, Any]:
        """Measures distributions and quality; draws plots and samples of every class to `folder`.

        Returns:
            Figures, with `pictures`: names of the files drawn, and `measures`: numbers of each
            item, (N, features), its index the id.
        """

    def write_sheet(self, sheet: pd.DataFrame, path: Path) -> list[str]:
        """Writes the sheet on which a person judges labels, as a CSV and with what shows its items.

        Args:
            sheet: id, label, part (random or suspect), suggested, right, by.
            path: Of the CSV.

        Returns:
            Names of the files.
        """

    def draw_items(self, arrays: Arrays, words: list[str], path: Path) -> bool:
        """Draws items with a word below each, and whether it did: some cannot be seen."""

    def read(self, items: pd.DataFrame) -> Any:
        """Raw items in the order of `items`."""

    def fit(self, raw: Any, preprocess: Any) -> State:
        """What encoding and normalising need to know, from training items only; JSON-able.

        Returns:
            At least `shapes`: array name -> shape of one item, as `encode` makes it.
        """

    def encode(self, raw: Any, state: State) -> Arrays:
        """Arrays of one shape with items along axis 0: what training, export and service feed in.

        Images: `image`, uint8 (N, C, H, W). Tables: `numeric`, float32 (N, columns), NaN where
        missing, and `categorical`, int64 codes (N, columns), 0 for unknown or missing.
        """

    def inputs(self, raw: Any, state: State) -> dict[str, tuple[Any, State]]:
        """Name -> an input alone (a column, the image) and the state that encodes it."""

    def features(self, arrays: Arrays, state: State) -> tuple[np.ndarray, list[str]]:
        """Finite float32 (N, D) and D names, for classical models.

        What stands before `=` in a name is the input that a person would know: a column, or a
        region of the image.
        """

    def summarise(self, arrays: Arrays, state: State) -> dict[str, np.ndarray]:
        """Name -> (N,) values whose distribution monitoring watches for drift."""

    def locate(
        self, place: str, state: State, absent: Collection[str] = ()
    ) -> tuple[Any, list[str]]:
        """Raw items and their names from a folder or file without labels, for offline prediction.

        Args:
            place: The folder or file.
            state: What was fitted.
            absent: Inputs that may be absent, and count as missing then.

        Raises:
            UserError: The place is missing, holds nothing to predict, or lacks an input.
        """

    def find_unknown(self, raw: Any, state: State) -> list[dict[str, str]]:
        """For each item, input -> a value that training had no example of and cannot use."""

    async def receive(self, request: Request, state: State) -> Any:
        """Raw items of one HTTP request.

        Raises:
            UserError: The body is not what `describe_request` says; answered with status 422.
        """

    def describe_request(self, state: State) -> dict[str, Any]:
        """OpenAPI `requestBody` of the service."""

    def write_request(self, raw: Any) -> dict[str, Any]:
        """Keyword arguments for `httpx.post` that send raw items: what a client does."""


class Augmentation(Protocol):
    """Changes whole batches on their device, each item by its own draw of torch's generators.

    It may have `judge(store, predict, features, sheet)`, which finds whether changed items keep
    their label and draws some of them; see `image_augment.ImageAugmentation`.
    """

    def __call__(
        self, inputs: dict[str, Tensor], targets: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Inputs by name and targets (N,) -> the same, changed.

        Where items are mixed, targets are the shares of the classes (N, classes).
        """
