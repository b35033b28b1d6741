"""Rankings of many models: exact tests, Holm's correction, groups of ties and ranks."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferspec.reference.ranking import groups_of, rank, wins
from ferspec.reference.significance import mcnemar, sign_flips

PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
@PROPERTY
def test_the_p_value_of_clusters_is_that_of_all_signs(differences):
    """Every assignment of signs is tried."""
    sums = [abs(np.dot(signs, differences)) for signs in product((-1, 1), repeat=len(differences))]
    expected = np.mean([total >= abs(sum(differences)) for total in sums])
    assert sign_flips(np.array([differences])) == [pytest.approx(expected)]


@given(st.integers(0, 60), st.integers(0, 60))
@PROPERTY
def test_clusters_of_one_image_have_mcnemars_p_value(only_a, only_b):
    differences = np.repeat([[1, -1, 0]], [only_a, only_b, 5], axis=1)
    assert sign_flips(differences) == [pytest.approx(mcnemar(only_a, only_b))]


def test_p_values_are_those_of_statsmodels():
    from statsmodels.stats.contingency_tables import mcnemar as theirs
    from statsmodels.stats.multitest import multipletests

    right = np.random.default_rng(0).random((6, 300)) < np.linspace(0.5, 0.7, 6)[:, None]
    _, p_values, _ = wins(right)
    pairs = zip(*np.triu_indices(6, 1), strict=True)
    tables = [[[0, (right[i] & ~right[j]).sum()], [(right[j] & ~right[i]).sum(), 0]] for i, j in pairs]
    raw = [theirs(table, exact=True).pvalue for table in tables]
    assert p_values == pytest.approx(multipletests(raw, method="holm")[1])


def test_a_group_counts_the_longest_chain_of_wins():
    """A beats C and D, B beats D, C beats D: the chain A, C, D is the longest."""
    beats = np.zeros((4, 4), dtype=bool)
    beats[[0, 0, 1, 2], [2, 3, 3, 3]] = True
    assert groups_of(np.array([9, 8, 7, 6]), beats).tolist() == [1, 1, 2, 3]


def test_ranks_follow_from_wins_and_losses():
    labels = np.arange(700) % 7
    predicted = [np.where(np.arange(700) < wrong, (labels + 1) % 7, labels) for wrong in (40, 0, 3)]
    found = rank(labels, predicted)
    assert [(one.model, one.group, one.best_rank, one.worst_rank) for one in found.models] == [
        (1, 1, 1, 2),
        (2, 1, 1, 2),
        (0, 2, 3, 3),
    ]
    assert (found.pairs[0].only_first_right, found.pairs[0].only_second_right) == (0, 40)
