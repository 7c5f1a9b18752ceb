"""Records that are linked, directly or through others, as clusters: one cluster is one customer.

Which records are linked, and why, is decided in `models/identity/customer_edges.sql`; which key a
cluster gets, in `customer_links.sql`. Here is only what a set of pairs amounts to, with its guards.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import coo_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

CLUSTERS = pa.schema([("record_key", pa.int64()), ("cluster_key", pa.int64())])
Keys = npt.NDArray[np.int64]


def clusters(edges: pa.Table, separations: pa.Table, max_records: int) -> pa.Table:
    """The clusters of two or more records: `record_key`, and `cluster_key`, the smallest of them.

    `edges` has `record_key_l`, `record_key_r` and `strength`; `separations` pairs that are never
    one customer. Where linked records hold such a pair, or are more than `max_records`, their edges
    are taken from the strongest to the weakest (then by key), and one that would break a guard is
    left out. Edges of infinite strength, those that somebody listed, are exempt from the size.
    The result is a function of the sets alone, not of their order.
    """
    if edges.num_rows == 0:
        return CLUSTERS.empty_table()
    left, right = _column(edges, "record_key_l"), _column(edges, "record_key_r")
    strength = edges["strength"].to_numpy().astype(float)
    records, ends = np.unique(np.concatenate([left, right]), return_inverse=True)
    ends = ends.reshape(2, -1)
    links = coo_array((np.ones(len(left), dtype=bool), (ends[0], ends[1])), (len(records),) * 2)
    count, component = connected_components(links, directed=False)
    apart = _inside(separations, records, component)
    unsound = np.bincount(component, minlength=count) > max_records
    unsound[component[apart[0]]] = True
    doubtful = unsound[component[ends[0]]]
    smallest = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(smallest, component, records)
    cluster = smallest[component]
    if doubtful.any():
        order = np.lexsort((right[doubtful], left[doubtful], -strength[doubtful]))
        parted = _parted(ends[:, doubtful][:, order], strength[doubtful][order], apart, max_records)
        for members in parted:
            cluster[members] = records[members].min()
        alone = unsound[component]
        alone[[member for members in parted for member in members]] = False
        cluster[alone] = records[alone]
    sizes = np.unique(cluster, return_inverse=True, return_counts=True)
    together = sizes[2][sizes[1]] > 1
    return pa.table([records[together], cluster[together]], schema=CLUSTERS)


def _inside(separations: pa.Table, records: Keys, component: npt.NDArray[np.int32]) -> Keys:
    """The pairs of positions, 2 x n, that are to be apart and are linked nevertheless."""
    if separations.num_rows == 0:
        return np.empty((2, 0), dtype=np.int64)
    pairs = np.stack([_column(separations, f"record_key_{side}") for side in "lr"])
    places = np.searchsorted(records, pairs).clip(max=len(records) - 1)
    known = (records[places] == pairs).all(axis=0)
    linked = component[places[0]] == component[places[1]]
    return places[:, known & linked & (pairs[0] != pairs[1])]


def _parted(ends: Keys, strength: npt.NDArray[np.float64], apart: Keys, limit: int) -> list[Keys]:
    """Kruskal's way through the edges in the order given, without those that break a guard.

    A loop in Python, over the edges of components that break one: few and small.
    """
    members = {int(node): [int(node)] for node in np.unique(ends)}
    root = {node: node for node in members}
    foes: dict[int, set[int]] = defaultdict(set)
    for one, other in apart.T.tolist():
        foes[one].add(other)
        foes[other].add(one)
    for one, other, weight in zip(*ends.tolist(), strength.tolist(), strict=True):
        small, large = sorted((root[one], root[other]), key=lambda node: len(members[node]))
        if small == large:
            continue
        too_many = len(members[small]) + len(members[large]) > limit and weight != np.inf
        enemies = any(root[foe] == large for node in members[small] for foe in foes[node])
        if too_many or enemies:
            continue
        for node in members[small]:
            root[node] = large
        members[large] += members.pop(small)
    return [np.array(sorted(group)) for group in members.values()]


def _column(table: pa.Table, name: str) -> Keys:
    column: Keys = table[name].to_numpy().astype(np.int64)
    return column
