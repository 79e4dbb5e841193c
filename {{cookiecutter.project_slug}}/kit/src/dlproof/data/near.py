"""Near duplicates at near-linear cost: sort by keys that near items share, compare neighbours."""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..errors import UserError
from ..types import DataType

BANDS = 8  # orders in which near items may meet
WINDOW = 4  # next items in an order that each item is compared with
CROWD, FEW = 0.9, 20  # share of all items in one cluster, of so many or more
CHUNK = 2**14  # pairs compared at a time, to bound memory

Alike = Callable[[np.ndarray, np.ndarray], np.ndarray]


def name_near(items: pd.DataFrame, data_type: DataType, min_similarity: float) -> pd.Series:
    """Id of the first of each item's near duplicates, itself included; empty where it has none.

    Copies of one content are near without being compared, so that they cannot crowd a window.
    """
    codes, distinct = pd.factorize(items["hash"])[0], items.drop_duplicates("hash")
    clusters = data_type.find_near(distinct, min_similarity)[codes]
    return name_first(items["id"], pd.Series(clusters, items.index))


def refuse_crowd(items: pd.DataFrame, min_similarity: float) -> None:
    """Stops where nearly all items are near each other: no split could hold only some of them.

    Args:
        items: With `near`, as `name_near` gives it. Copies of one content count once.
        min_similarity: From which items count as near.

    Raises:
        UserError: One cluster takes more than any split may.
    """
    near = items.drop_duplicates("hash")["near"]
    counts = near[near != ""].value_counts()
    if len(near) >= FEW and counts.max() > CROWD * len(near):
        raise UserError(
            f"{counts.max()} of {len(near)} items are near duplicates of {counts.idxmax()} or of "
            "each other, and one split would get them all. If they only look alike, such as parts "
            f"in front of one camera, set clean.min_similarity above {min_similarity:g}; 1 means "
            "that none are near duplicates."
        )


def name_first(ids: pd.Series, clusters: pd.Series) -> pd.Series:
    """The first id of each cluster, for each of its members; empty for those that are alone."""
    clusters = clusters[ids.index]  # members that are not asked for make nobody less alone
    return ids.groupby(clusters).transform("first").where(clusters.duplicated(keep=False), "")


def find_clusters(count: int, bands: Iterable[np.ndarray], alike: Alike) -> np.ndarray:
    """Number of the first member of each item's cluster, (count,); an item alone has its own.

    A band is a locality-sensitive key of each item, uint64 (count,): the nearer two items, the
    more leading bits they share, so that sorting brings them together (Charikar, Similarity
    estimation techniques from rounding algorithms, STOC 2002, section 3). Only `WINDOW` neighbours
    are compared, so a bucket of any size costs no squares; what one order parts, another joins.

    Args:
        count: Number of items.
        bands: Keys, each array made when its turn comes.
        alike: Item numbers left (n,) and right (n,) -> whether each pair is near, exactly.
    """
    clusters = np.arange(count)
    for keys in bands:
        order = np.argsort(keys, kind="stable")
        links = [np.stack([np.arange(count), clusters])]
        for step in range(1, WINDOW + 1):
            links += find_links(order[:-step], order[step:], clusters, alike)
        if sum(pairs.shape[1] for pairs in links) == count:
            continue  # nothing but what was known
        left, right = np.concatenate(links, axis=1)
        graph = coo_matrix((np.ones(len(left), bool), (left, right)), shape=(count, count))
        _, first, cluster = np.unique(
            connected_components(graph, directed=False)[1], return_index=True, return_inverse=True
        )
        clusters = first[cluster]
    return clusters


def find_links(
    left: np.ndarray, right: np.ndarray, clusters: np.ndarray, alike: Alike
) -> list[np.ndarray]:
    """Pairs (2, n) that are near and not yet in one cluster, in chunks."""
    links = []
    for start in range(0, len(left), CHUNK):
        pairs = np.stack([left[start : start + CHUNK], right[start : start + CHUNK]])
        pairs = pairs[:, clusters[pairs[0]] != clusters[pairs[1]]]
        links.append(pairs[:, alike(*pairs)])
    return links
