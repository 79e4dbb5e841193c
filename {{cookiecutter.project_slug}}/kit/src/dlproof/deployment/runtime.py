"""The exported model at work: one code path for the service, offline prediction and every check.

Needs onnxruntime and no torch: what serves is small and starts quickly.
"""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from hydra.errors import InstantiationException
from omegaconf import OmegaConf

from ..config import build
from ..data.store import VALIDATION, Store, load_store
from ..errors import UserError
from ..files import hash_file, read_json
from ..task import Task
from ..trust import refuse_foreign
from ..types import Arrays, DataType

MODEL, SIDECAR, REFERENCE = "model.onnx", "model.json", "reference.json"


class Model:
    """`model.onnx` and what `model.json` says about it.

    Attributes:
        info: The sidecar: `version`, `model_sha256`, `data_version`, `inputs`, `state`, config.
        data_type: Reads, encodes and summarises items, as configured when the model was trained.
        task: Puts predictions into words.

    Args:
        folder: Where the export is.

    Raises:
        UserError: A file is missing or damaged, the two do not belong together, or `model.json`
            asks for what no model consists of, or is of other code than there is now.
    """

    def __init__(self, folder: str | Path) -> None:
        self.info = read_sidecar(Path(folder))
        groups = {name: self.info[name] for name in ("data", "task")}
        refuse_foreign(Path(folder) / SIDECAR, groups)
        try:
            self.data_type: DataType = build(OmegaConf.create(self.info["data"]))
            self.task: Task = build(OmegaConf.create(self.info["task"]))
        except InstantiationException as error:
            raise UserError(
                f"{Path(folder) / SIDECAR} does not fit the code as it is now "
                f"({error.__cause__ or error}): run `export` again."
            ) from error
        self.session = open_session(Path(folder) / MODEL)

    @property
    def version(self) -> str:
        """Id of the run that trained it."""
        return str(self.info["version"])

    @property
    def data_version(self) -> str:
        """Of the processed data that it was trained on."""
        return str(self.info["data_version"])

    @cached_property
    def inputs(self) -> list[str]:
        """Names of the arrays that the model takes; arrays of width 0 are left out."""
        return [item["name"] for item in self.info["inputs"]]

    def encode(self, raw: Any) -> Arrays:
        """Raw items as arrays.

        Raises:
            UserError: An item cannot be read.
        """
        return self.data_type.encode(raw, self.info["state"]["data"])

    def run(self, arrays: Arrays) -> np.ndarray:
        """Predictions of encoded items: probabilities (N, classes), or values (N,)."""
        feed = {name: arrays[name] for name in self.inputs}
        predictions: np.ndarray = self.session.run(["prediction"], feed)[0]
        return predictions

    def describe_predictions(self, predictions: np.ndarray) -> list[dict[str, Any]]:
        """Each prediction as the task describes it.

        Raises:
            UserError: A prediction is not finite: its input is too extreme for the model.
        """
        rows = predictions.reshape(len(predictions), -1)
        strange = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if len(strange):
            raise UserError(
                f"item {strange[0] + 1} has no finite prediction: look for extreme values in it."
            )
        return [self.task.describe(row, self.info["state"]["task"]) for row in predictions]

    def find_unknown(self, raw: Any) -> list[dict[str, str]]:
        """For each item, input -> a value that training had not met."""
        return self.data_type.find_unknown(raw, self.info["state"]["data"])

    def predict(self, raw: Any) -> list[dict[str, Any]]:
        """Raw items to described predictions, with `unknown` where a value was not met in training.

        Raises:
            UserError: An item cannot be read, or has no finite prediction.
        """
        return note_unknown(
            self.describe_predictions(self.run(self.encode(raw))), self.find_unknown(raw)
        )

    def summarise(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """What monitoring watches in each item: name -> (N,)."""
        return self.data_type.summarise(arrays, self.info["state"]["data"])

    def warm(self) -> None:
        """Runs once, so that the first request does not pay for allocation."""
        shapes = {item["name"]: item for item in self.info["inputs"]}
        self.run({n: np.zeros((1, *i["shape"]), i["dtype"]) for n, i in shapes.items()})


def note_unknown(described: list[dict[str, Any]], unknown: Iterable[Any]) -> list[dict[str, Any]]:
    """Predictions in words, each with its inputs that training had not met, where it has some."""
    pairs = zip(described, unknown, strict=True)
    return [answer | ({"unknown": found} if found else {}) for answer, found in pairs]


def open_validation(
    data_dir: str | Path, version: str, count: int | None = None
) -> tuple[Store, np.ndarray]:
    """The processed data and rows of its validation split, which the model was not fitted to.

    Args:
        data_dir: Where the processed data is.
        version: Of the data that the model was trained on.
        count: At most so many rows, spread evenly, since items may lie class by class.

    Raises:
        UserError: The data was prepared anew since, so validation may hold training items.
    """
    store = load_store(data_dir)
    if store.state["version"] != version:
        raise UserError(
            f"{store.folder} is version {store.state['version'][:8]} and the model was trained on "
            f"{version[:8]}: run `train` and `export` again."
        )
    rows = store.rows(VALIDATION)
    size = len(rows) if count is None else min(count, len(rows))
    return store, rows[np.linspace(0, len(rows) - 1, size).round().astype(int)]


def read_sidecar(folder: Path) -> dict[str, Any]:
    """`model.json`, after holding the model's hash against it.

    Raises:
        UserError: A file is missing or damaged, or the hash differs.
    """
    path, model = folder / SIDECAR, folder / MODEL
    for needed in (path, model):
        if not needed.exists():
            raise UserError(f"{needed} does not exist: run `export` first.")
    try:
        info: dict[str, Any] = read_json(path)
        expected = info["model_sha256"]
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path} is damaged: run `export` again.") from error
    if hash_file(model) != expected:
        raise UserError(f"{model} is not the file that {path} describes: run `export` again.")
    return info


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """An onnxruntime session on the CPU.

    Raises:
        UserError: The file is not an ONNX model, or one that this onnxruntime cannot run.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no class
        first = str(error).splitlines()[0]
        raise UserError(f"{path} does not load ({first}): run `export` again.") from error
