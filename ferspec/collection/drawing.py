"""Draw pictures by a seed, balanced over groups.

A withdrawal changes one picture only.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def in_order(digests: Sequence[str], seed: int) -> list[str]:
    """Return digests in an order that depends on the seed and on each digest alone.

    Without one of them, the others have the same order.
    """
    return sorted(digests, key=lambda digest: _rank(digest, seed))


def draw(groups: Mapping[str, Sequence[str]], count: int, seed: int) -> list[str]:
    """Return ``count`` digests, as evenly over groups as they allow.

    There are fewer where the groups have fewer. ``groups`` maps the name of each group to its digests. Each group gives
    its first ones in the seeded order, and the groups that give one more than others are chosen by the seed. Without
    one of the drawn digests, the same call draws the others again, and one more.
    """
    ordered = {name: in_order(digests, seed) for name, digests in groups.items()}
    shares = quotas({name: len(digests) for name, digests in ordered.items()}, count, seed)
    return in_order([digest for name, digests in ordered.items() for digest in digests[: shares[name]]], seed)


def quotas(sizes: Mapping[str, int], count: int, seed: int) -> dict[str, int]:
    """Return how many each group gives: equal numbers, except for groups that are exhausted."""
    shares = dict.fromkeys(sizes, 0)
    left = min(count, sum(sizes.values()))
    while left:
        open_groups = sorted((name for name in sizes if shares[name] < sizes[name]), key=lambda name: _rank(name, seed))
        each, rest = divmod(left, len(open_groups))
        if not each:
            for name in open_groups[:rest]:
                shares[name] += 1
            break
        for name in open_groups:
            added = min(each, sizes[name] - shares[name])
            shares[name] += added
            left -= added
    return shares


def grouped(pairs: Sequence[tuple[Key, str]]) -> dict[Key, list[str]]:
    """Return the digests of each key, in the order of the pairs."""
    groups: dict[Key, list[str]] = defaultdict(list)
    for key, digest in pairs:
        groups[key].append(digest)
    return groups


def _rank(text: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()
