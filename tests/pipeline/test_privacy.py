"""A person who can be recognised arrives in every way that goes wrong, and is sought everywhere.

In what readers, operators and administrators see there must be no trace; in the private schema of
the build's own database, whose readers are few, there must be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from command import crm, private, rows

NAME, MAIL, PHONE = "Zerafina Quillfeather", "zerafina.q@quillfeather.example", "+44 7700 900977"
TRACES = ("zerafina", "quillfeather", "7700 900977", "7700900977")
HEADER = "customer_id,customer_type,full_name,email,phone,country,registered_on,updated_at"
SOUND = f"900001,person,{NAME},{MAIL},{PHONE},Ireland,2025-01-01,2025-01-01 09:00:00"
BROKEN = (
    f"900002,person,{NAME},zerafina at quillfeather,{PHONE},Ireland,2025-01-01,2025-01-01 09:00:00",
    f"900003,{NAME},{MAIL},{MAIL},{PHONE},Ireland,2025-01-01,2025-01-01 09:00:00",
    f"900004,person,{NAME},{MAIL},Ireland,Ireland,{PHONE},2025-01-01 09:00:00",
    f"900005,person,{NAME},{MAIL},{PHONE},Ireland,2025-01-01,{NAME}",
)
# The first line of a file without a header is taken for one, and names are what messages show.
HEADLESS = {
    "headless_and_nearest.csv": f"900001,{NAME},{MAIL},{PHONE}",
    "headless_and_repeated.csv": f"900001,{NAME},{NAME},{MAIL},{PHONE}",
    "headless_and_unprintable.csv": f"900001,{NAME}\t,{MAIL},{PHONE}",
}
UNPARSEABLE = (
    f"900006,person,{NAME},{MAIL},{PHONE}",
    f'900007,person,"{NAME}"x,{MAIL},{PHONE},Ireland,2025-01-01,2025-01-01 09:00:00',
)
ORDINARY = [
    f"{100 + n},person,Person {n},p{n}@example.com,,Ireland,2025-01-01,2025-01-01 09:00:00"
    for n in range(60)
]
ORDERS = ["order_id,line_number,customer_id,ordered_at,product_id,quantity,unit_price,currency"] + [
    f"A{n},1,{100 + n % 60 if n else 900001},2025-03-{1 + n % 28:02d} 10:00:00,P1,1,9.99,GBP"
    for n in range(90)
]


@dataclass(frozen=True)
class Told:
    """A warehouse that knows the person, and everything the commands said meanwhile."""

    home: Path
    said: str


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    home = tmp_path_factory.mktemp("privacy") / "home"
    lines = [HEADER, SOUND, *BROKEN, *UNPARSEABLE, *ORDINARY]
    _land(home, "customers", "customers.csv", lines)
    for name, first in HEADLESS.items():
        _land(home, "customers", name, [first, *ORDINARY])
    _land(
        home, "customers", "in_latin_1.csv", [HEADER, SOUND.replace("Ireland", "Éire")], "latin-1"
    )
    _land(home, "transactions", "orders.csv", ORDERS)
    build = crm(home, "build")
    assert build.returncode == 0, build.stdout + build.stderr
    asked = [crm(home, "status"), crm(home, "doctor")]
    asked.append(crm(home, "query", "select * from quality.quarantined_rows"))
    return Told(home, "".join(run.stdout + run.stderr for run in (build, *asked)))


def _land(home: Path, feed: str, name: str, lines: list[str], encoding: str = "utf-8") -> None:
    folder = home / "landing" / "standard" / feed
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n", encoding=encoding)


def traces_in(text: str) -> set[str]:
    return {trace for trace in TRACES if trace in text.lower()}


def files_with_traces(folder: Path) -> dict[str, set[str]]:
    """The files under a folder whose very bytes tell of the person."""
    files = (file for file in folder.rglob("*") if file.is_file())
    found = {
        str(file.relative_to(folder)): traces_in(file.read_bytes().decode("latin-1"))
        for file in files
    }
    return {name: traces for name, traces in found.items() if traces}


def columns_with_traces(file: Path) -> dict[str, set[str]]:
    """The columns and comments of a database that tell of the person; its bytes are compressed."""
    with duckdb.connect(file, read_only=True) as connection:
        if file.stem == "build":  # its views read the marts
            connection.execute(f"attach '{file.with_name('marts.duckdb')}' as marts (read_only)")
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where not internal and database_name = $1",
            [file.stem],
        ).fetchall()
        found = {
            f"{schema}.{table}.{column}": _traces_of(
                connection, f'select "{column}"::varchar from "{schema}"."{table}"'
            )
            for schema, table, column in columns
        }
        found["comments"] = _traces_of(
            connection,
            "select comment from duckdb_columns() union all select comment from duckdb_tables()",
        )
    return {name: traces for name, traces in found.items() if traces}


def _traces_of(connection: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    return traces_in("\n".join(str(value) for (value,) in connection.execute(sql).fetchall()))


def _parquet_with_traces(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*.parquet"):
        with duckdb.connect() as connection:
            text = str(connection.execute("select * from read_parquet(?)", [str(file)]).fetchall())
        if traces_in(text):
            yield str(file)


def test_the_private_schema_has_the_person_and_the_rows_as_delivered(told):
    database = private(told.home)
    assert rows(
        database,
        "select full_name, email, phone from private.customer_identifiers "
        "where full_name like 'Zera%'",
    ) == [(NAME, MAIL, PHONE)]
    kept = rows(database, "select as_delivered from private.quarantined_rows_verbatim")
    assert sum(NAME in (text or "") for (text,) in kept) == len(BROKEN) + len(UNPARSEABLE)


def test_the_search_finds_the_person_where_it_is(told):
    found = columns_with_traces(private(told.home))
    assert {"private.customer_identifiers.full_name", "private.customer_identifiers.phone"} < set(
        found
    )
    assert any(_parquet_with_traces(told.home / "raw"))
    assert "standard/customers/customers.csv" in files_with_traces(told.home / "landing")


def test_faulty_rows_are_published_by_their_shape_alone(told):
    found = rows(
        told.home / "published" / "marts.duckdb",
        "select reasons, column_name, masked_value from quality.quarantined_rows "
        "where reasons not like 'unparseable%' order by line_number",
    )
    assert found == [
        ("email: not_of_the_form", "email", "xxxxxxxx xx xxxxxxxxxxxx"),
        ("customer_type: not_of_the_form", "customer_type", "xxxxxxxx xxxxxxxxxxxx"),
        ("registered_on: not_a_date", "registered_on", "+99 9999 999999"),
        ("updated_at: not_a_timestamp", "updated_at", "xxxxxxxx xxxxxxxxxxxx"),
    ]


def test_files_refused_as_a_whole_are_named_without_what_they_hold(told):
    refused = rows(
        told.home / "published" / "marts.duckdb",
        "select file, reason is not null from quality.loads where status = 'refused' order by file",
    )
    assert refused == [(name, True) for name in sorted([*HEADLESS, "in_latin_1.csv"])]


def test_the_person_is_in_no_byte_and_no_table_that_is_published(told):
    published = told.home / "published"
    assert (published / "data_docs").is_dir()
    assert files_with_traces(published) == {}
    assert columns_with_traces(published / "marts.duckdb") == {}
    assert list(_parquet_with_traces(published)) == []


def test_the_person_is_in_no_log_and_on_no_screen(told):
    assert "quarantined_rows" in told.said or "not_of_the_form" in told.said
    assert traces_in(told.said) == set()
    assert files_with_traces(told.home / "dagster") == {}
    assert files_with_traces(told.home / "build" / "dbt") == {}
    logs = [file for file in (told.home / "build").iterdir() if file.suffix in (".log", ".json")]
    assert [file.name for file in logs if traces_in(file.read_text(encoding="utf-8"))] == []
