"""The samples that several tests look at. Not to be written to."""

import pytest
from written import Sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return Sample(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Large enough to measure with."""
    return Sample(tmp_path_factory.mktemp("company"), customers=5_000, orders=35_000)


@pytest.fixture(scope="session")
def records(company: Sample) -> dict[str, dict[str, str]]:
    """The newest record of each customer."""
    newest: dict[str, dict[str, str]] = {}
    for row in company.rows("customers"):
        before = newest.get(row["customer_id"])
        if "updated_at" in row and (before is None or row["updated_at"] >= before["updated_at"]):
            newest[row["customer_id"]] = row
    return newest
