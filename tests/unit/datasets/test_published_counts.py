"""The counts of Table 1 are recognised, and explained where labels were read in another order."""

import pytest

from ferspec.subjects.datasets.published_counts import cause_of, explanation, published_as

# FER2013's own file, by its own labels 0 to 6: Angry, Disgust, Fear, Happy, Sad, Surprise, Neutral
TRAINING = (3995, 436, 4097, 7215, 4830, 3171, 4965)
TESTS = (958, 111, 1024, 1774, 1247, 831, 1233)
PROTOCOL = (0, 1, 2, 3, 6, 4, 5)  # their places in the order Angry, Disgust, Fear, Happy, Neutral, Sad, Surprise


def in_order(counts):
    return tuple(counts[place] for place in PROTOCOL)


def test_published_counts_are_recognised():
    assert published_as(in_order(TRAINING)) == "FER2013's training split"
    assert published_as(in_order(TESTS)) == "FER2013's validation split"
    assert published_as((300,) * 7) == "BTFER"
    assert published_as((301,) * 7) is None


def test_labels_read_in_another_order_are_named():
    said = "under other classes: labels in the order of FER2013 were read in alphabetical order"
    assert cause_of(TRAINING, in_order(TRAINING)) == said
    assert explanation(TESTS) == f"the counts of FER2013's validation split {said}"


def test_classes_that_are_exchanged_are_named():
    angry, disgust, *others = in_order(TRAINING)
    said = "under other classes: Angry has those of Disgust, Disgust has those of Angry"
    assert cause_of((disgust, angry, *others), in_order(TRAINING)) == said


def test_a_doubled_dataset_is_named():
    assert explanation((600,) * 7) == "the counts of BTFER twice: every image occurs two times"


@pytest.mark.parametrize("change", [(0, 0), (1, 0), (1, -1)])
def test_other_differences_have_no_cause(change):
    angry, disgust, *others = in_order(TRAINING)
    assert cause_of((angry + change[0], disgust + change[1], *others), in_order(TRAINING)) is None
