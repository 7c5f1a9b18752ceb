"""The sample company read back from its landing folder, line by line.

What stands, what is held back and what it is worth, worked out from the contract's words. No SQL,
nothing of the project's, and no look at the truth that the sample plants beside the folder.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pyarrow.parquet as pq

Fault = tuple[str, str]
KEYS = {"customers": "customer_id", "products": "product_id"}
CURRENCIES = {"GBP", "EUR", "CNY"}
INTERACTIONS = {
    "service", "complaint", "inquiry", "call", "visit", "care", "review", "suggestion",
}  # fmt: skip
UNATTRIBUTED = -1
_DAY_AND_TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Faulty:
    """A line that must be held back, as `quality.quarantined_rows` shows it."""

    feed: str
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
    is_merchandise: bool
    original_order_id: str | None
    file: str


@dataclass(frozen=True)
class Count:
    """What became of a file's lines."""

    delivered: int
    accepted: int
    quarantined: int
    superseded: int
    unparseable: int


@dataclass(frozen=True)
class Delivered:
    """A delivered file: its column names, and its lines by number; a line may be too short."""

    header: list[str]
    lines: list[tuple[int, list[str]]] = field(default_factory=list)

    def row(self, fields: list[str]) -> dict[str, str]:
        """A line by its columns, without the blanks around its values."""
        return {name: text.strip() for name, text in zip(self.header, fields, strict=True)}

    def is_whole(self, fields: list[str]) -> bool:
        """Whether a line has as many fields as the header."""
        return len(fields) == len(self.header)


def deliver_orders(landing: Path, name: str, prefix: str, on: dt.date, count: int) -> None:
    """Land a file of new one-line orders of one day, else like those that the sample has."""
    folder = landing / "standard" / "transactions"
    source = delivered(folder / "sample_transactions_2026_h1.csv")
    sound = [
        row
        for row in (source.row(fields) for _, fields in source.lines if source.is_whole(fields))
        if not line_faults(row) and not row["original_order_id"] and not row["is_deleted"]
    ]
    with (folder / name).open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(source.header)
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
        self.counts: dict[tuple[str, str], Count] = {}
        self.named: set[str] = set()
        self.records: dict[str, dict[str, dict[str, str]]] = {}
        for folder in sorted((landing / "standard").iterdir()):
            files = sorted(f for f in folder.iterdir() if f.name not in later)
            if folder.name == "transactions":
                self.lines = self._lines([*files, *(folder / name for name in later)])
            elif folder.name in KEYS:
                self.records[folder.name] = self._records(folder.name, files)
            else:
                self._events(folder.name, files)
        self.named |= {line.customer_id for line in self.lines} - {""}
        self.named |= self.records["customers"].keys()

    def _sound(self, feed: str, file: Path) -> list[dict[str, str]]:
        """The rows of a file that stand up to the contract; counts and keeps the others."""
        content = delivered(file)
        sound, held, unparseable = [], 0, 0
        for number, fields in content.lines:
            if not content.is_whole(fields):
                unparseable += 1
                reason = (
                    f"unparseable: {len(fields)} fields where the header has {len(content.header)}."
                )
                self.faulty.append(Faulty(feed, file.name, number, reason, None))
                continue
            row = content.row(fields)
            if faults := FAULTS.get(feed, lambda row: [])(row):
                held += 1
                text = ", ".join(f"{column}: {rule}" for column, rule in faults)
                column = faults[0][0].partition(" or ")[0]
                self.faulty.append(Faulty(feed, file.name, number, text, column))
                continue
            sound.append(row)
        self.counts[feed, file.name] = Count(len(content.lines), len(sound), held, 0, unparseable)
        return sound

    def _stand(self, feed: str, files: list[Path], accepted: Counter[str]) -> None:
        """Of the sound rows of the files these stand; the others are superseded."""
        for file in files:
            count = self.counts[feed, file.name]
            stands = accepted[file.name]
            self.counts[feed, file.name] = Count(
                count.delivered, stands, count.quarantined, count.accepted - stands,
                count.unparseable,
            )  # fmt: skip

    def _events(self, feed: str, files: list[Path]) -> None:
        """Rows that no other row speaks of."""
        for file in files:
            rows = self._sound(feed, file)
            self.named |= {row.get("customer_id", "") for row in rows} - {""}

    def _records(self, feed: str, files: list[Path]) -> dict[str, dict[str, str]]:
        """The newest record of every id; of equal twins one; none where it was withdrawn."""
        newest: dict[str, dict[str, str]] = {}
        came_in: dict[str, str] = {}
        for file in files:
            for record in self._sound(feed, file):
                source_id = record[KEYS[feed]]
                version = record.get("updated_at", "")
                before = newest.get(source_id)
                if before is None or version >= before.get("updated_at", ""):
                    newest[source_id], came_in[source_id] = record, file.name
        for source_id, record in list(newest.items()):
            if record.get("is_deleted") == "true":
                del newest[source_id], came_in[source_id]
        self._stand(feed, files, Counter(came_in.values()))
        return newest

    def _lines(self, files: list[Path]) -> list[Line]:
        versions: dict[tuple[str, int], list[tuple[str, int, bool, Line]]] = defaultdict(list)
        for arrival, file in enumerate(files):
            for row in self._sound("transactions", file):
                line = _line(row, file.name)
                is_withdrawn = row.get("is_deleted") == "true"
                versions[line.order_id, line.line_number].append(
                    (row["updated_at"], arrival, is_withdrawn, line)
                )
        stands = []
        for found in versions.values():
            *_, is_withdrawn, line = max(found, key=lambda version: version[:2])
            if not is_withdrawn:
                stands.append(line)
        self._stand("transactions", files, Counter(line.file for line in stands))
        return stands


def delivered(file: Path) -> Delivered:
    """A file as text. The header of a CSV is its line 1; other formats have none."""
    if file.suffix == ".parquet":
        table = pq.read_table(file)
        rows = [[_written(value) for value in row.values()] for row in table.to_pylist()]
        return Delivered(table.column_names, list(enumerate(rows, start=1)))
    content = file.read_bytes()
    text = (gzip.decompress(content) if file.suffix == ".gz" else content).decode("utf-8")
    if file.suffix == ".jsonl":
        records = [json.loads(line) for line in text.splitlines()]
        values = [["" if v is None else str(v) for v in record.values()] for record in records]
        return Delivered(list(records[0]), list(enumerate(values, start=1)))
    reader = csv.reader(text.splitlines())
    header, *lines = [(reader.line_num, fields) for fields in reader]
    return Delivered(header[1], lines)


def _written(value: object) -> str:
    return "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def line_faults(row: dict[str, str]) -> list[Fault]:
    """What is wrong with an order line, in the order of the contract's columns."""
    found = [("order_id", "required")] * (not row["order_id"])
    found += _moment(row, "ordered_at")
    for column, decimals in (("quantity", 4), ("unit_price", 6)):
        found += _number(row, column, decimals)
    if row["currency"] not in CURRENCIES:
        found.append(("currency", "not_allowed"))
    if not row["unit_price"] and not row.get("line_amount"):
        found.append(("unit_price or line_amount", "required"))
    return found


def _customer_faults(row: dict[str, str]) -> list[Fault]:
    found = [("customer_id", "required")] * (not row["customer_id"])
    if row["customer_type"] not in ("person", "organisation"):
        found.append(("customer_type", "not_of_the_form"))
    found += _day(row, "birth_date", may_be_ahead=False)
    if row["email"] and not re.fullmatch("[^@ ]+@[^@ ]+", row["email"]):
        found.append(("email", "not_of_the_form"))
    return found


def _payment_faults(row: dict[str, str]) -> list[Fault]:
    found = _day(row, "issued_on", may_be_ahead=False) + _day(row, "due_on", may_be_ahead=True)
    found += [("amount", "required")] * (not row["amount"])
    if not row["issued_on"] and not row["due_on"] and not row.get("paid_at"):
        found.append(("issued_on or due_on or paid_at", "required"))
    return found


def _interaction_faults(row: dict[str, str]) -> list[Fault]:
    found = []
    if row["interaction_kind"] not in INTERACTIONS:
        found.append(("interaction_kind", "not_allowed"))
    found += _moment(row, "opened_at") if row["opened_at"] else [("opened_at", "required")]
    if row["satisfaction"] and not 1 <= Decimal(row["satisfaction"]) <= 5:
        found.append(("satisfaction", "out_of_range"))
    return found


def _rate_faults(row: dict[str, str]) -> list[Fault]:
    return [("exchange_rate", "out_of_range")] * (Decimal(row["exchange_rate"]) <= 0)


FAULTS = {
    "customers": _customer_faults,
    "exchange_rates": _rate_faults,
    "interactions": _interaction_faults,
    "payments": _payment_faults,
    "transactions": line_faults,
}


def _moment(row: dict[str, str], column: str) -> list[Fault]:
    try:
        moment = _instant(row[column])
    except ValueError:
        return [(column, "not_a_timestamp")]
    return [(column, "in_the_future")] * (moment.year > 2090)


def _day(row: dict[str, str], column: str, *, may_be_ahead: bool) -> list[Fault]:
    if not row[column]:
        return []
    try:
        day = dt.date.fromisoformat(row[column])
    except ValueError:
        return [(column, "not_a_date")]
    return [(column, "in_the_future")] * (not may_be_ahead and day.year > 2090)


def _number(row: dict[str, str], column: str, decimals: int) -> list[Fault]:
    if not row[column]:
        return []
    try:
        value = Decimal(row[column])
    except InvalidOperation:
        return [(column, "not_a_number")]
    return [(column, "too_many_decimals")] * (value != round(value, decimals))


def _instant(text: str) -> dt.datetime:
    """An instant in UTC without its zone, as the marts have it. Raises `ValueError`."""
    return dt.datetime.strptime(text, _DAY_AND_TIME).replace(tzinfo=dt.UTC).replace(tzinfo=None)


def _line(row: dict[str, str], file: str) -> Line:
    quantity = Decimal(row["quantity"])
    gross = Decimal(row.get("line_amount") or quantity * Decimal(row["unit_price"]))
    return Line(
        order_id=row["order_id"],
        line_number=int(row["line_number"]),
        customer_id=row.get("customer_id", ""),
        ordered_at=_instant(row["ordered_at"]),
        product_id=row["product_id"],
        quantity=quantity,
        net=gross - Decimal(row.get("discount_amount") or 0),
        is_merchandise=not row.get("line_kind"),
        original_order_id=row.get("original_order_id") or None,
        file=file,
    )
