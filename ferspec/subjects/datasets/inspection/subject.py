"""Present an inspected dataset, and the sets that it is compared with, as a subject."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ferspec.spec.records import DEFAULT_PROFILE, Profile
from ferspec.subjects.datasets.inspection.reading import InspectedSet
from ferspec.subjects.datasets.inspection.twins import Twin, clusters_of
from ferspec.subjects.datasets.readers.splits import TRAINING, role_of

BTFER = "BTFER"
# the sets whose pictures have one published size (ERR-04 is about AffectNet's)
SIZED = frozenset({"RAF-DB", "FER2013"})
WHY_MISSING = {
    "table": "no dataset of Table 1 was named: add --as btfer, rafdb, fer2013 or affectnet",
    "btfer": "the set is not inspected as BTFER: add --as btfer if it is",
    "another": "of BTFER, clauses of FER-D say the same",
    "sized": "the pictures of this set do not have one published size: RAF-DB and FER2013 do",
    "files": "the images are not files of their own, which could hold metadata",
    "named": "the images have numbers instead of names",
    "others": "there is nothing to compare with: the set has a single split, and no --against was given",
    "groups": "the set has no columns of groups: add --groups CSV",
}


@dataclass(frozen=True, eq=False)
class Inspection:
    """A set, the sets that it is compared with, and their pairs of copies.

    ``dataset`` is the name of the set in Table 1, where it is claimed. ``twins`` are pairs within the set, ``shared``
    the pairs with each of the ``others``: first the image of the set, then that of the other. Pairs of one digest are
    listed with the first image of that digest only.
    """

    images: InspectedSet
    others: tuple[InspectedSet, ...] = ()
    dataset: str | None = None
    twins: tuple[Twin, ...] = ()
    shared: tuple[tuple[Twin, ...], ...] = ()
    profile: Profile = DEFAULT_PROFILE

    @property
    def capabilities(self) -> frozenset[str]:
        able = {
            "table": self.dataset is not None,
            "btfer": self.dataset == BTFER,
            "another": self.dataset != BTFER,
            "sized": self.dataset in SIZED,
            "files": any(facts is not None for facts in self.images.facts),
            "named": not all(entry.path.isdecimal() for entry in self.images.entries),
            "others": bool(self.others) or self.images.has_splits,
            "groups": bool(self.images.groups),
        }
        return frozenset(name for name, is_able in able.items() if is_able)

    def why_missing(self, capability: str) -> str:
        return WHY_MISSING[capability]

    @cached_property
    def clusters(self) -> np.ndarray:
        """A number (n,) for each image, equal for the images of one picture."""
        return clusters_of(len(self.images), self.twins)

    @cached_property
    def crossing(self) -> tuple[Twin, ...]:
        """The pairs within the set whose images are in two splits."""
        splits = self.images.splits
        return tuple(twin for twin in self.twins if splits[twin.first] != splits[twin.second])

    @cached_property
    def tested(self) -> np.ndarray:
        """Which images (n,) are for testing: all, or those outside the training split of a set with splits."""
        is_tested = np.array([role_of(split) != TRAINING for split in self.images.splits], bool)
        return is_tested if is_tested.any() else ~is_tested

    @cached_property
    def leaked(self) -> np.ndarray:
        """Which tested images (n,) show a picture of another set, or of the training split.

        An image also counts if that is found of a copy of it in the set.
        """
        found = ~self.tested
        found[[twin.first for twins in self.shared for twin in twins]] = True
        return self.tested & np.isin(self.clusters, np.unique(self.clusters[found]))
