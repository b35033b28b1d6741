"""Recognise the numbers of Table 1, and explain numbers that differ from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

from ferspec import spec

Numbers = Sequence[int]


def published_as(counts: Numbers, dataset: str | None = None) -> str | None:
    """Return the dataset or split of Table 1 with these numbers per class, or None; at most ``dataset`` if named."""
    return next((name for name, numbers in _published(dataset) if tuple(counts) == numbers), None)


def explanation(counts: Numbers) -> str | None:
    """Return how numbers per class follow from those of Table 1, or None."""
    found = ((name, cause_of(counts, numbers)) for name, numbers in _published())
    return next((f"the counts of {name} {cause}" for name, cause in found if cause is not None), None)


def cause_of(counts: Numbers, expected: Numbers) -> str | None:
    """Return the one cause that explains all differences from expected numbers, or None.

    Causes are every image twice, and the same numbers under other classes: labels of one order read in another.
    """
    counts, expected = tuple(map(int, counts)), tuple(map(int, expected))
    if counts == tuple(2 * number for number in expected):
        return "twice: every image occurs two times"
    if counts == expected or len(set(expected)) < len(expected) or sorted(counts) != sorted(expected):
        return None
    classes = spec.load().classes
    meant = {name: classes[expected.index(count)] for name, count in zip(classes, counts, strict=True)}
    if (orders := _orders(meant)) is not None:
        return "under other classes: labels in {} were read in {}".format(*orders)
    moved = ", ".join(f"{name} has those of {other}" for name, other in meant.items() if name != other)
    return f"under other classes: {moved}"


def _published(only: str | None = None) -> Iterator[tuple[str, tuple[int, ...]]]:
    for name, dataset in spec.load().datasets.items():
        if only not in (None, name):
            continue
        yield name, dataset.counts
        if (training := dataset.training_counts) is not None:
            held_out = tuple(whole - part for whole, part in zip(dataset.counts, training, strict=True))
            yield from ((f"{name}'s training split", training), (f"{name}'s validation split", held_out))


def _orders(meant: dict[str, str]) -> tuple[str, str] | None:
    """Return the order of the labels and the one they were read in, or None."""
    known = spec.load()
    words = {name: f"the order of {name}" for name in known.label_orders} | {"protocol": "alphabetical order"}
    orders = {words[name]: order.classes[: len(meant)] for name, order in known.label_orders.items()}
    pairs = permutations(orders, 2)
    return next((pair for pair in pairs if tuple(meant[name] for name in orders[pair[1]]) == orders[pair[0]]), None)
