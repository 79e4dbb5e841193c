"""Parquet files as cells of text, written as pandas writes them to a CSV."""

from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import UserError

PARQUET = b"PAR1"  # first bytes


def read_parquet(path: Path) -> pd.DataFrame:
    """Reads a table as text, missing cells empty; the index is the row number, from 1.

    Raises:
        UserError: pyarrow is missing, the file is damaged, or a column does not hold single values.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise UserError(
            f"{path} is a Parquet file, and pyarrow, which reads it, is not installed: install "
            "the extra dlproof[tabular], or save the table as CSV."
        ) from error
    try:
        table = parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0][:120]
        raise UserError(
            f"{path} is not a complete Parquet file ({reason}): copy it again."
        ) from error
    names = [str(name).strip() for name in table.column_names]
    columns = [write_column(table.column(n), name, path) for n, name in enumerate(names)]
    found = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    return found.set_axis(pd.RangeIndex(1, table.num_rows + 1))


def write_column(column: Any, name: str, path: Path) -> pd.Series:
    """One column as text: `True` and `False`, ISO times, the shortest words for numbers."""
    import pyarrow as pa
    from pyarrow import compute, types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_boolean(column.type):
        column = compute.if_else(column, "True", "False")
    if types.is_floating(column.type):
        column = compute.if_else(compute.is_nan(column), None, column)
    try:
        text = column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise UserError(
            f"{path}: column {name!r} holds {column.type}, not one value per row: write the file "
            "without it, or as columns of single values."
        ) from error
    return text.to_pandas().astype("str").fillna("").rename(name)
