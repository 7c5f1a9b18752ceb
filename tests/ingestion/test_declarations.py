"""What a system may not declare: each is refused by name before anything is read or built."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from crm.contracts import ContractError, load_systems
from crm.settings import PROJECT_ROOT, Settings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The feeds of the project, and no system yet."""
    shutil.copytree(PROJECT_ROOT / "models/feeds", tmp_path / "models/feeds")
    return tmp_path


def declare(root: Path, system: str = "till", table: str = "transactions", **meta: object) -> None:
    folder = root / "models/staging" / system
    folder.mkdir(parents=True)
    own = {"time_zone": "UTC", "business_unit": "default", "trust_rank": 1, **meta}
    source = {"name": system, "config": {"meta": own}, "tables": [{"name": table}]}
    (folder / f"_{system}.yml").write_text(yaml.safe_dump({"sources": [source]}))


def test_what_may_be_declared_is_taken(root: Path) -> None:
    declare(
        root,
        business_unit="O'Hara; drop table t --",
        late_after_hours=0.5,
        file_sequence=r"(\d+)",
        dialect={"delimiter": ";", "encoding": "GB18030"},
        null_tokens=["", "n/a", "'"],
        date_formats=["%d/%m/%Y"],
    )
    system = load_systems(Settings(), root)["till"]
    assert system.business_unit == "O'Hara; drop table t --"
    assert system.tables[0].dialect.delimiter == ";"


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"time_zone": "Mars/Olympus"}, "the time zone 'Mars/Olympus' is unknown"),
    ({"time_zone": 5}, "the time zone '5' is unknown"),
    ({"time_zne": "UTC"}, "'time_zne' means nothing here. Did you mean 'time_zone'"),
    ({"business_unit": 7}, "business_unit is 7"),
    ({"trust_rank": "high"}, "trust_rank is 'high'"),
    ({"trust_rank": True}, "trust_rank is True"),
    ({"history_starts_on": "soon"}, "history_starts_on is 'soon'"),
    ({"late_after_hours": -1}, "late_after_hours is -1"),
    ({"late_after_hours": 0}, "late_after_hours is 0"),
    ({"file_sequence": "(["}, r"file_sequence '\(\[' is no regular expression"),
    ({"dialect": ["delimiter"]}, "dialect is"),
    ({"dialect": {"delimiter": 1}}, "delimiter is 1"),
    ({"dialect": {"delimiter": ";;"}}, "delimiter is ';;'"),
    ({"dialect": {"delimeter": ";"}}, "Did you mean 'delimiter'"),
    ({"dialect": {"encoding": "utf-9"}}, "encoding is 'utf-9', which is unknown"),
    ({"dialect": {"encoding": "base64"}}, "encoding is 'base64', which is unknown"),
    ({"dialect": {"encoding": 5}}, "encoding is 5, which is unknown"),
    ({"null_tokens": "NULL"}, "null_tokens is 'NULL'"),
    ({"null_tokens": [None]}, "the null token None is no text"),
    ({"date_formats": "iso"}, "date_formats is 'iso'"),
    ({"date_formats": ["dd/mm"]}, "'dd/mm' is no date format"),
    ({"decimal_mark": ",", "group_mark": ","}, "can tell no number"),
    ({"system": "o'brien"}, "models/staging/o'brien has a name that no table can have"),
    ({"system": "a;b"}, "has a name that no table can have"),
    ({"system": "Till"}, "has a name that no table can have"),
    ({"table": "trans actions"}, "declares the table 'trans actions', a name that none can have"),
    ({"table": "baskets"}, "of the feed 'baskets', which does not exist"),
]


@pytest.mark.parametrize(("declared", "cause"), REFUSED, ids=[str(case[0]) for case in REFUSED])
def test_what_means_nothing_is_refused_by_name(
    root: Path, declared: dict[str, object], cause: str
) -> None:
    declare(root, **declared)  # type: ignore[arg-type]
    with pytest.raises(ContractError, match=cause):
        load_systems(Settings(), root)


def test_yaml_that_cannot_be_read_is_named_with_its_line(root: Path) -> None:
    declare(root)
    file = root / "models/staging/till/_till.yml"
    file.write_text("sources:\n  - name: [till\n")
    with pytest.raises(ContractError, match=r"_till\.yml is not valid YAML: .*(?s:.)*line 3"):
        load_systems(Settings(), root)


def test_a_system_that_is_not_there_is_named_with_those_that_are(root: Path) -> None:
    declare(root)
    with pytest.raises(ContractError, match=r"'tilll', which has no folder.*till"):
        load_systems(Settings(systems=("tilll",)), root)


# A text of a declaration that is put between quotes as it is ends them with a quote of its own.
BARE = re.compile(r"'\{\{-? *(?:table_)?meta\b")


def test_declared_texts_become_texts_of_sql_by_one_macro() -> None:
    bare = {
        file.name: found
        for file in (PROJECT_ROOT / "macros").rglob("*.sql")
        if (found := BARE.findall(file.read_text(encoding="utf-8")))
    }
    assert bare == {}
    assert BARE.search("'{{ meta.business_unit }}' as business_unit")
    assert not BARE.search("{{ sql_text(meta.business_unit) }} as business_unit")
