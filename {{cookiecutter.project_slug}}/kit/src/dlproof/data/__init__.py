"""Phase 2, the data: kinds of items, quarantine, splits, arrays, versions, expectations."""

from typing import Any

from ..public import find_public

# Public name -> the module here that has it; imported when it is first asked for.
PUBLIC = {
    "assign_by_shares": "split_shares",
    "assign_by_time": "split_methods",
    "Balance": "balance",
    "Batch": "load",
    "DataModule": "datamodule",
    "Draw": "load",
    "enforce": "expectations",
    "EpochSampler": "load",
    "erase": "image_augment",
    "fit_range": "image_range",
    "fit_square": "image_files",
    "hash_rows": "table_files",
    "ImageChange": "image_augment",
    "ImageKind": "image",
    "keep_batch": "load",
    "leave_signals": "load",
    "light": "image_augment",
    "link_items": "split_methods",
    "load_store": "store",
    "make_mixer": "image_augment",
    "move": "image_augment",
    "name_near": "near",
    "num_workers": "load",
    "parse_times": "split_methods",
    "rand_augment": "randaugment",
    "read_assignment": "split_methods",
    "refuse_crowd": "near",
    "Rows": "load",
    "SPLITS": "store",
    "Store": "store",
    "survey": "image_range",
    "TableKind": "table",
    "tally": "personal",
    "TEST": "store",
    "to_tensors": "load",
    "TRAIN": "store",
    "VALIDATION": "store",
}


def __getattr__(name: str) -> Any:
    """A public name (PEP 562)."""
    return find_public(__name__, PUBLIC, name)
