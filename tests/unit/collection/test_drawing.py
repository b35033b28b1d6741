"""Drawing by a seed: balanced over groups, and stable when a picture is withdrawn."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from ferspec.collection.drawing import draw, quotas

SIZES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 9), min_size=1)


def pool(sizes):
    return {name: [hashlib.sha256(f"{name}{i}".encode()).hexdigest() for i in range(n)] for name, n in sizes.items()}


def test_groups_give_equal_numbers_where_they_can():
    assert quotas({"a": 9, "b": 9, "c": 9}, 6, 0) == {"a": 2, "b": 2, "c": 2}
    assert quotas({"a": 1, "b": 9, "c": 9}, 7, 0) == {"a": 1, "b": 3, "c": 3}
    assert sorted(quotas({"a": 9, "b": 9, "c": 9}, 7, 0).values()) == [2, 2, 3]
    assert quotas({"a": 1, "b": 2}, 7, 0) == {"a": 1, "b": 2}


@given(SIZES, st.integers(0, 40), st.integers(0, 5))
def test_no_group_gives_two_more_than_another_that_has_more(sizes, count, seed):
    shares = quotas(sizes, count, seed)
    assert sum(shares.values()) == min(count, sum(sizes.values()))
    assert all(shares[name] <= sizes[name] for name in sizes)
    richest = max(shares.values())
    assert all(richest - shares[name] <= 1 for name in sizes if shares[name] < sizes[name])


@given(SIZES, st.integers(1, 40), st.integers(0, 5), st.data())
def test_a_withdrawn_picture_is_replaced_by_one_other_and_nothing_else_changes(sizes, count, seed, data):
    groups = pool(sizes)
    before = draw(groups, count, seed)
    if not before:
        return
    gone = data.draw(st.sampled_from(before))
    left = {name: [digest for digest in digests if digest != gone] for name, digests in groups.items()}
    after = draw(left, count, seed)
    assert set(before) - set(after) == {gone}
    assert len(set(after) - set(before)) == (len(before) == count and sum(sizes.values()) > count)


@given(SIZES, st.integers(1, 40), st.randoms())
def test_the_order_of_the_pool_does_not_matter(sizes, count, random):
    groups = pool(sizes)
    shuffled = {name: random.sample(digests, len(digests)) for name, digests in reversed(groups.items())}
    assert draw(groups, count, 1) == draw(shuffled, count, 1)
