"""The sample company read back from its landing folder with the standard library alone.

What stands, what is held back and what it is worth, worked out line by line from the contract's
words. No SQL, and nothing of the project's.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

FEEDS = {"customers": "customer_id", "products": "product_id"}
UNATTRIBUTED = -1
_DAY_AND_TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Faulty:
    """A line that must be held back, as `quality.quarantined_rows` shows it."""

    file: str
    line_number: int
    reasons: str
    column: str | None


@dataclass(frozen=True)
class Line:
    """An order line that stands; `net` is what it is worth."""

    order_id: str
    line_number: int
    customer_id: str
    ordered_at: dt.datetime
    product_id: str
    quantity: Decimal
    net: Decimal
    original_order_id: str | None
    file: str

    @property
    def customer_key(self) -> int:
        """Our key of the buyer."""
        return key_of(self.customer_id) if self.customer_id else UNATTRIBUTED


@dataclass(frozen=True)
class Count:
    """What became of a file's lines."""

    delivered: int
    accepted: int
    quarantined: int
    superseded: int
    unparseable: int


def deliver_orders(landing: Path, name: str, prefix: str, on: dt.date, count: int) -> None:
    """Land a file of new one-line orders of one day, else like those that the sample has."""
    folder = landing / "standard" / "transactions"
    (_, header), *lines = _lines_of(folder / "sample_transactions_2026_h1.csv")
    sound = [
        row
        for row in (dict(zip(header, fields, strict=False)) for _, fields in lines)
        if len(row) == len(header) and not _reasons(row) and not row["original_order_id"]
    ]
    with (folder / name).open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        for number, row in enumerate(sound[:count]):
            changed = {"order_id": f"{prefix}{number}", "line_number": "1"}
            moments = {"ordered_at": f"{on} 10:00:00", "updated_at": f"{on} 10:05:00"}
            writer.writerow((row | changed | moments).values())


def key_of(source_id: str) -> int:
    """Our key: the first 15 hexadecimal digits of the MD5 of the system and the id."""
    return int(hashlib.md5(f"standard|{source_id}".encode()).hexdigest()[:15], 16)  # noqa: S324


class Company:
    """A landing folder of the system `standard`. Files count as delivered in the order given."""

    def __init__(self, landing: Path, later: tuple[str, ...] = ()) -> None:
        """`later` names the files of transactions that came after all others, in their order."""
        self.faulty: list[Faulty] = []
        self.counts: dict[str, Count] = {}
        self.records = {feed: self._records(landing / "standard" / feed, feed) for feed in FEEDS}
        folder = landing / "standard" / "transactions"
        files = sorted((f for f in folder.iterdir() if f.name not in later), key=lambda f: f.name)
        self.lines = self._lines([*files, *(folder / name for name in later)])

    def _records(self, folder: Path, feed: str) -> dict[str, dict[str, str]]:
        """The newest record of every id; of equal twins one."""
        newest: dict[str, dict[str, str]] = {}
        came_in: dict[str, str] = {}
        delivered: Counter[str] = Counter()
        for file in sorted(folder.iterdir()):
            header, *lines = _lines_of(file)
            for _, fields in lines:
                delivered[file.name] += 1
                record = dict(zip(header[1], fields, strict=True))
                source_id = record[FEEDS[feed]]
                before = newest.get(source_id)
                if before is None or record["updated_at"] >= before["updated_at"]:
                    newest[source_id], came_in[source_id] = record, file.name
        stands = Counter(came_in.values())
        for name, lines_in in delivered.items():
            self.counts[name] = Count(lines_in, stands[name], 0, lines_in - stands[name], 0)
        return newest

    def _lines(self, files: list[Path]) -> list[Line]:
        versions: dict[tuple[str, int], list[tuple[str, int, bool, Line]]] = defaultdict(list)
        for arrival, file in enumerate(files):
            (_, header), *lines = _lines_of(file)
            held = unparseable = 0
            for number, fields in lines:
                if len(fields) != len(header):
                    unparseable += 1
                    reason = (
                        f"unparseable: {len(fields)} fields where the header has {len(header)}."
                    )
                    self.faulty.append(Faulty(file.name, number, reason, None))
                    continue
                row = dict(zip(header, fields, strict=True))
                reasons = _reasons(row)
                if reasons:
                    held += 1
                    text = ", ".join(f"{column}: {rule}" for column, rule in reasons)
                    self.faulty.append(Faulty(file.name, number, text, reasons[0][0]))
                    continue
                line = _line(row, file.name)
                versions[line.order_id, line.line_number].append(
                    (row["updated_at"], arrival, row["is_deleted"] == "true", line)
                )
            self.counts[file.name] = Count(len(lines), 0, held, 0, unparseable)
        stands = []
        for found in versions.values():
            *_, is_withdrawn, line = max(found, key=lambda version: version[:2])
            if not is_withdrawn:
                stands.append(line)
        accepted = Counter(line.file for line in stands)
        for file in files:
            count = self.counts[file.name]
            readable = count.delivered - count.quarantined - count.unparseable
            self.counts[file.name] = Count(
                count.delivered,
                accepted[file.name],
                count.quarantined,
                readable - accepted[file.name],
                count.unparseable,
            )
        return stands


def _lines_of(file: Path) -> list[tuple[int, list[str]]]:
    """Every line with the number of the physical line it stands on; the header is line 1."""
    with file.open(encoding="utf-8", newline="") as text:
        reader = csv.reader(text)
        return [(reader.line_num, fields) for fields in reader]


def _reasons(row: dict[str, str]) -> list[tuple[str, str]]:
    """What is wrong with a line, in the order of the contract's columns."""
    found = []
    if not row["order_id"]:
        found.append(("order_id", "required"))
    try:
        ordered_at = _instant(row["ordered_at"])
        if ordered_at.year > 2090:
            found.append(("ordered_at", "in_the_future"))
    except ValueError:
        found.append(("ordered_at", "not_a_timestamp"))
    for column in ("quantity", "unit_price"):
        try:
            Decimal(row[column])
        except InvalidOperation:
            found.append((column, "not_a_number"))
    if row["currency"] != "GBP":
        found.append(("currency", "not_of_the_form"))
    return found


def _instant(text: str) -> dt.datetime:
    """An instant in UTC without its zone, as the marts have it. Raises `ValueError`."""
    return dt.datetime.strptime(text, _DAY_AND_TIME).replace(tzinfo=dt.UTC).replace(tzinfo=None)


def _line(row: dict[str, str], file: str) -> Line:
    quantity = Decimal(row["quantity"])
    gross = (
        Decimal(row["line_amount"]) if row["line_amount"] else quantity * Decimal(row["unit_price"])
    )
    return Line(
        order_id=row["order_id"],
        line_number=int(row["line_number"]),
        customer_id=row["customer_id"],
        ordered_at=_instant(row["ordered_at"]),
        product_id=row["product_id"],
        quantity=quantity,
        net=gross - Decimal(row["discount_amount"] or 0),
        original_order_id=row["original_order_id"] or None,
        file=file,
    )
