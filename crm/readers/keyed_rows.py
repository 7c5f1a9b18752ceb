"""Rows of keyed text into one Parquet file whose columns are found on the way.

For formats that name the columns in each row (`json_lines.py`). Where a header names them once, it
is `text_rows.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crm.readers.headers import MOST_COLUMNS

BATCH_ROWS = 1000
BATCH_CHARACTERS = 16_000_000
GROUP_ROWS = 100_000
GROUP_BYTES = 64_000_000

_BOOLEANS = {True: "true", False: "false"}

Record = Mapping[str, str | bool | None]


class TooManyColumnsError(ValueError):
    """More different keys than a table may have columns."""


class KeyedRows:
    """Rows on their way into Parquet: written in parts of one set of columns, joined by `finish`.

    Booleans become the texts true and false; empty texts become null.
    """

    def __init__(self, folder: Path, number_name: str) -> None:
        """Write parts into `folder`; `number_name` is the column of the rows' numbers."""
        self.rows = 0
        self._folder = folder
        self._number_name = number_name
        self._names: list[str] = []
        self._known: set[str] = set()
        self._parts: list[Path] = []
        self._writer: pq.ParquetWriter | None = None
        self._numbers: list[int] = []
        self._rows: list[list[str | bool | None]] = []
        self._characters = 0
        self._batches: list[pa.RecordBatch] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Every key so far, in the order in which they first came."""
        return tuple(self._names)

    def __enter__(self) -> Self:
        """The rows themselves, to be added to."""
        return self

    def __exit__(self, *error: object) -> None:
        """Write what is left, unless an error has made the parts worthless."""
        if error[0] is None:
            self._pack()
        self._close()

    def add(self, number: int, record: Record, size: int) -> None:
        """One row more, of about `size` characters. Raises `TooManyColumnsError`."""
        if list(record) == self._names:
            fields = list(record.values())  # most lines have the keys of the line before
        else:
            self._names.extend(name for name in record if name not in self._known)
            self._known.update(record)
            if len(self._names) > MOST_COLUMNS:
                raise TooManyColumnsError(
                    f"Its lines have more than {MOST_COLUMNS} different keys."
                )
            fields = list(map(record.get, self._names))
        self._numbers.append(number)
        self._rows.append(fields)
        self._characters += size
        if len(self._numbers) >= BATCH_ROWS or self._characters >= BATCH_CHARACTERS:
            self._pack()

    def finish(self, target: Path) -> None:
        """Join the parts, after the rows were left, into `target` with every column in each."""
        schema = _schema(self.names, self._number_name)
        if len(self._parts) == 1:
            self._parts[0].replace(target)  # written with the columns of its last batch: all
            return
        with pq.ParquetWriter(target, schema, compression="zstd") as joined:
            for part in self._parts:
                with pq.ParquetFile(part) as rows:
                    for group in range(rows.num_row_groups):
                        joined.write_table(_widened(rows.read_row_group(group), schema))
                part.unlink()

    def _pack(self) -> None:
        """Turn the rows at hand into one batch; a column more than before begins a new part."""
        if not self._numbers:
            return
        schema = _schema(self.names, self._number_name)
        if self._batches and self._batches[-1].schema != schema:
            self._write()
        if self._writer is not None and self._writer.schema != schema:
            self._close()
        # Rows from before a column was known are shorter; without columns there are none at all.
        columns = [_texts(column) for column in zip_longest(*self._rows)]
        self._batches.append(pa.record_batch([*columns, pa.array(self._numbers)], schema=schema))
        self.rows += len(self._numbers)
        self._numbers, self._rows, self._characters = [], [], 0
        has_bytes = sum(batch.nbytes for batch in self._batches) >= GROUP_BYTES
        if has_bytes or len(self._batches) * BATCH_ROWS >= GROUP_ROWS:
            self._write()

    def _write(self) -> None:
        if not self._batches:
            return
        if self._writer is None:
            self._parts.append(self._folder / f"part-{len(self._parts)}.parquet")
            self._writer = pq.ParquetWriter(
                self._parts[-1], self._batches[0].schema, compression="zstd"
            )
        self._writer.write_table(pa.Table.from_batches(self._batches))
        self._batches = []

    def _close(self) -> None:
        self._write()
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _schema(names: Sequence[str], number_name: str) -> pa.Schema:
    return pa.schema([*((name, pa.string()) for name in names), (number_name, pa.int64())])


def _texts(values: Sequence[str | bool | None]) -> pa.Array:
    if bool in set(map(type, values)):
        values = [_BOOLEANS[value] if type(value) is bool else value for value in values]
    texts = pa.array(values, pa.string())
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _widened(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The same rows with every column of `schema`, null where they have none."""
    known = set(rows.column_names)
    return pa.table(
        [
            rows.column(name) if name in known else pa.nulls(rows.num_rows, pa.string())
            for name in schema.names
        ],
        schema=schema,
    )
