"""Every value of the specification is read: changed one at a time, each is refused or changes what is computed."""

from collections import Counter

import pytest

from ferspec.spec import loader
from helpers.spec_mutation.changes import changes
from helpers.spec_mutation.judging import REFUSED, verdicts

MOST_REFUSED = 0.1


@pytest.mark.slow
def test_no_value_of_the_specification_can_change_unnoticed(capsys):
    made = list(changes(loader.DATA))
    assert len({change.id for change in made}) == len(made)
    judged = list(verdicts(made, loader.DATA))
    survivors = sorted(verdict.change for verdict in judged if not verdict.killed)
    refused = sorted(
        f"{verdict.change}: {verdict.noticed}" for verdict in judged if verdict.noticed.startswith(REFUSED)
    )
    by_part = Counter(verdict.noticed.split(":")[0] for verdict in judged)
    with capsys.disabled():
        print(f"\nspec mutation: {len(judged) - len(survivors)} killed / {len(judged)}, {len(refused)} by the loader")
        print("\n".join(f"  {count:5} {part}" for part, count in by_part.most_common()))
    assert len(judged) == len(made)
    assert survivors == []
    assert len(refused) <= MOST_REFUSED * len(made), refused
