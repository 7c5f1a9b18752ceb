"""Public data sets are copied as they were delivered, whole or not at all."""

import gzip
from pathlib import Path

import duckdb
import pytest
from written import contents

from crm.sample import SampleError, SampleReport, write_sample
from crm.sample.public import PUBLIC
from crm.settings import Settings

LANDED = {
    "online-retail-ii": {
        "online_retail_ii_2009_2010.parquet": "online_retail/transactions",
        "online_retail_ii_2010_2011.parquet": "online_retail/transactions",
    },
    "cdnow": {"cdnow_sample.csv.gz": "cdnow/transactions"},
    "complete-journey": {
        "transactions_sample.parquet": "complete_journey/transactions",
        "products.parquet": "complete_journey/products",
        "demographics.parquet": "complete_journey/customers",
        "campaigns.parquet": "complete_journey/campaign_contacts",
        "campaign_descriptions.parquet": "complete_journey/campaigns",
        "coupons.parquet": "complete_journey/campaign_offers",
        "coupon_redemptions.parquet": "complete_journey/campaign_responses",
    },
}
CREDITS = {
    "online-retail-ii": ("502", "CC BY 4.0", "doi 10.24432/C5CG6D"),
    "cdnow": ("lifetimes", "MIT", "Fader & Hardie 2001"),
    "complete-journey": ("completejourney", "CC0"),
}


@pytest.fixture
def downloads(tmp_path) -> Path:
    """A folder with all files of all sets, each of them tiny, and one that no set wants."""
    folder = tmp_path / "down loads"
    folder.mkdir()
    names = [name for files in LANDED.values() for name in files]
    for rows, name in enumerate([*names, "promotions_sample.parquet"], start=2):
        if name.endswith(".gz"):
            lines = b"id,date\n" + b"1,19970101\n" * rows
            folder.joinpath(name).write_bytes(gzip.compress(lines))
        else:
            duckdb.sql(f"select 'C' || i as id from range({rows}) as t (i)").write_parquet(
                str(folder / name)
            )
    return folder


@pytest.mark.parametrize("dataset", LANDED)
def test_files_are_copied_byte_for_byte_into_their_tables(tmp_path, downloads, dataset):
    settings = Settings(home=tmp_path / "home")
    said = []
    report = write_sample(settings, dataset, downloads, progress=said.append)
    expected = tuple(settings.landing / to / name for name, to in LANDED[dataset].items())
    names = [name for files in LANDED.values() for name in files]
    lines = sum(names.index(name) + 2 for name in LANDED[dataset])
    assert report == SampleReport(expected, lines)
    assert list(contents(report).values()) == [
        (downloads / name).read_bytes() for name in LANDED[dataset]
    ]
    landed = [file for file in settings.landing.rglob("*") if file.is_file()]
    assert len(landed) == len(said) == len(expected)


@pytest.mark.parametrize("dataset", LANDED)
def test_a_missing_file_is_named_with_where_the_data_are_from(tmp_path, downloads, dataset):
    gone = list(LANDED[dataset])[-1]
    (downloads / gone).unlink()
    settings = Settings(home=tmp_path / "home")
    with pytest.raises(SampleError) as caught:
        write_sample(settings, dataset, downloads)
    assert f"does not hold {gone}." in caught.value.cause
    assert all(part in caught.value.cause for part in CREDITS[dataset])
    assert all(name in caught.value.fix for name in LANDED[dataset])
    assert not settings.home.exists()


@pytest.mark.parametrize("dataset", LANDED)
def test_a_truncated_file_is_refused_before_anything_is_copied(tmp_path, downloads, dataset):
    broken = downloads / list(LANDED[dataset])[-1]
    broken.write_bytes(broken.read_bytes()[:-9])
    settings = Settings(home=tmp_path / "home")
    with pytest.raises(SampleError, match=r"is not a whole (Parquet|gzip) file"):
        write_sample(settings, dataset, downloads)
    assert not settings.home.exists()


def test_the_real_files_are_those_that_are_asked_for(tmp_path, real_data):
    for dataset, folder in (("cdnow", "cdnow"), ("complete-journey", "complete_journey")):
        settings = Settings(home=tmp_path / dataset)
        report = write_sample(settings, dataset, real_data / folder)
        assert len(report.files) == len(PUBLIC[dataset].tables)
        assert report.lines > 6_000
