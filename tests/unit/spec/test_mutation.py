"""Every value of the specification is read: changed one at a time, each is refused or changes what is computed."""

from collections import Counter, deque

import pytest

from ferspec.spec import loader
from helpers.spec_mutation.behaviour import SPLITS, network
from helpers.spec_mutation.changes import changes
from helpers.spec_mutation.judging import CRASHED, KILLED, REFUSED, SURVIVED, verdicts

MOST_UNCOMPUTED = 0.1


@pytest.mark.parametrize("part", SPLITS)
def test_every_part_of_the_behaviour_is_computed(part):
    deque(SPLITS[part](), maxlen=0)


def test_a_network_is_computed_and_matches_its_table():
    assert [item[1] for item in network("lenet5") if isinstance(item, tuple)] == [None, None]


@pytest.mark.slow
def test_no_value_of_the_specification_can_change_unnoticed(capsys):
    made = list(changes(loader.DATA))
    assert len({change.id for change in made}) == len(made)
    judged = list(verdicts(made, loader.DATA))
    totals = Counter(verdict.outcome for verdict in judged)
    killed_by = Counter(verdict.by for verdict in judged if verdict.outcome == KILLED)
    survivors = sorted(verdict.change for verdict in judged if verdict.outcome == SURVIVED)
    uncomputed = sorted(
        f"{verdict.change} {verdict.outcome}: {verdict.by}"
        for verdict in judged
        if verdict.outcome in (REFUSED, CRASHED)
    )
    with capsys.disabled():
        counts = ", ".join(f"{totals[outcome]} {outcome}" for outcome in (KILLED, REFUSED, CRASHED, SURVIVED))
        print(f"\nspec mutation: {counts}, {len(judged)} in total")
        print("\n".join(f"  {count:5} {part}" for part, count in killed_by.most_common()))
    assert len(judged) == len(made)
    assert survivors == []
    assert len(uncomputed) <= MOST_UNCOMPUTED * len(made), uncomputed
