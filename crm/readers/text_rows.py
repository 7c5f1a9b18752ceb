"""Rows of text into Parquet, one bounded batch at a time.

For text that was parsed line by line. What DuckDB can parse it also writes (`readers.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

BATCH_ROWS = 5_000  # short lists stay in the processor's cache and out of the collector's way
GROUP_ROWS = 100_000
GROUP_CHARACTERS = 64_000_000


class TextRows:
    """Rows of text on their way into a Parquet file, a bounded batch at a time.

    A row is a number and its fields; empty fields become null, as DuckDB has them. Left without an
    error, the file is complete.
    """

    def __init__(
        self,
        target: Path,
        names: tuple[str, ...],
        number_name: str,
        *,
        is_wanted_empty: bool = True,
    ) -> None:
        """Write `target` with the columns `names` (text) and `number_name` (64-bit integer).

        Without rows there is a file of no rows, or, where that is not wanted, none.
        """
        self.rows = 0
        self._target, self._is_wanted_empty = target, is_wanted_empty
        self._schema = pa.schema(
            [*((name, pa.string()) for name in names), (number_name, pa.int64())]
        )
        self._writer: pq.ParquetWriter | None = None
        self._numbers: list[int] = []
        self._fields: list[list[str]] = []
        self._batches: list[pa.RecordBatch] = []
        self._characters = 0

    def __enter__(self) -> Self:
        """The rows themselves, to be added to."""
        return self

    def __exit__(self, *error: object) -> None:
        """Write what is left, unless an error has made the file worthless."""
        if error[0] is None:
            self._pack()
            self._write()
            if self._is_wanted_empty:
                self._opened()
        if self._writer is not None:
            self._writer.close()

    def add(self, number: int, fields: list[str]) -> None:
        """One row more."""
        self._numbers.append(number)
        self._fields.append(fields)
        self._characters += sum(map(len, fields))
        is_full = self._characters >= GROUP_CHARACTERS
        if is_full or len(self._numbers) >= BATCH_ROWS:
            self._pack()
        if is_full or len(self._batches) * BATCH_ROWS >= GROUP_ROWS:
            self._write()

    def _pack(self) -> None:
        if not self._numbers:
            return
        texts = [pa.array(column, pa.string()) for column in zip(*self._fields, strict=True)]
        columns = [pc.if_else(pc.equal(text, ""), None, text) for text in texts]
        self._batches.append(
            pa.record_batch([*columns, pa.array(self._numbers)], schema=self._schema)
        )
        self.rows += len(self._numbers)
        self._numbers, self._fields = [], []

    def _write(self) -> None:
        if self._batches:
            self._opened().write_table(pa.Table.from_batches(self._batches))
        self._batches, self._characters = [], 0

    def _opened(self) -> pq.ParquetWriter:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._target, self._schema, compression="zstd")
        return self._writer
