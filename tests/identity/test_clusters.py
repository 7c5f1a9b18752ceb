"""Clusters of linked records, held against a plain union of sets."""

from __future__ import annotations

import itertools
import random

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from crm.identity.clusters import clusters

Pair = tuple[int, int]
NONE_APART: list[Pair] = []
LISTED = float("inf")


def clustered(
    edges: list[tuple[int, int, float]], apart: list[Pair] = NONE_APART, at_most: int = 50
) -> set[frozenset[int]]:
    """The clusters as sets of records."""
    found: dict[int, set[int]] = {}
    table = clusters(
        pa.table(
            {
                "record_key_l": pa.array([edge[0] for edge in edges], pa.int64()),
                "record_key_r": pa.array([edge[1] for edge in edges], pa.int64()),
                "strength": pa.array([edge[2] for edge in edges], pa.float64()),
            }
        ),
        pa.table(
            {
                "record_key_l": pa.array([pair[0] for pair in apart], pa.int64()),
                "record_key_r": pa.array([pair[1] for pair in apart], pa.int64()),
            }
        ),
        at_most,
    )
    for record, cluster in zip(*(column.to_pylist() for column in table.columns), strict=True):
        found.setdefault(cluster, set()).add(record)
    assert all(cluster == min(records) for cluster, records in found.items())
    return {frozenset(records) for records in found.values()}


def joined(edges: list[tuple[int, int, float]]) -> set[frozenset[int]]:
    """The same by hand: sets are merged until none overlap."""
    groups = [{left, right} for left, right, _ in edges]
    for one, other in itertools.product(groups, repeat=2):
        if one is not other and one & other:
            one |= other
            other.clear()
    merged = [group for group in groups if group]
    while any(a & b for a, b in itertools.combinations(merged, 2)):
        first = merged.pop(0)
        for group in merged:
            if group & first:
                group |= first
                break
        else:
            merged.append(first)
    return {frozenset(group) for group in merged if len(group) > 1}


keys = st.integers(min_value=1, max_value=30)
edges_of_any_kind = st.lists(
    st.tuples(keys, keys, st.sampled_from([0.96, 1.0, 2.0, 5.0])), max_size=40
)
pairs_apart = st.lists(st.tuples(keys, keys), max_size=6)


def test_no_links_make_no_clusters():
    assert clustered([]) == set()


def test_links_join_through_others():
    assert clustered([(1, 2, 1.0), (2, 3, 1.0), (5, 6, 1.0)]) == {
        frozenset({1, 2, 3}),
        frozenset({5, 6}),
    }


@given(edges_of_any_kind)
def test_without_guards_clusters_are_what_the_links_connect(edges):
    assert clustered(edges) == joined(edges)


@given(edges_of_any_kind, pairs_apart, st.integers(min_value=2, max_value=6), st.randoms())
def test_the_order_of_links_changes_nothing(edges, apart, at_most, chance):
    before = clustered(edges, apart, at_most)
    chance.shuffle(edges)
    chance.shuffle(apart)
    assert clustered(edges, apart, at_most) == before


@given(edges_of_any_kind, pairs_apart, st.integers(min_value=2, max_value=6))
def test_no_cluster_breaks_a_guard_and_none_joins_what_no_link_does(edges, apart, at_most):
    whole = joined(edges)
    for records in clustered(edges, apart, at_most):
        assert len(records) <= at_most
        assert not any(a in records and b in records for a, b in apart if a != b)
        assert any(records <= one for one in whole)


@given(edges_of_any_kind, pairs_apart)
def test_what_no_guard_concerns_stays_as_it_was(edges, apart):
    untouched = {
        records
        for records in joined(edges)
        if not any(a in records and b in records for a, b in apart if a != b)
    }
    assert untouched <= clustered(edges, apart)


def test_the_weakest_link_gives_way_where_two_records_are_to_be_apart():
    chain = [(1, 2, 5.0), (2, 3, 2.0), (3, 4, 5.0)]
    assert clustered(chain, [(1, 4)]) == {frozenset({1, 2}), frozenset({3, 4})}
    assert clustered(chain, [(4, 9)]) == {frozenset({1, 2, 3, 4})}


def test_records_that_lose_all_their_links_are_in_no_cluster():
    assert clustered([(1, 2, 1.0)], [(1, 2)]) == set()


def test_a_customer_grows_no_larger_than_allowed_unless_a_person_listed_the_records():
    chain = [(number, number + 1, 1.0) for number in range(1, 10)]
    assert max(map(len, clustered(chain, at_most=4))) == 4
    listed = [(left, right, LISTED) for left, right, _ in chain]
    assert clustered(listed, at_most=4) == {frozenset(range(1, 11))}


def test_a_hundred_thousand_records_in_one_wrong_cluster_are_parted_again():
    numbers = list(range(100_000))
    random.Random(1).shuffle(numbers)
    found = clustered([(a, b, 1.0) for a, b in itertools.pairwise(numbers)], at_most=50)
    assert max(map(len, found)) <= 50
