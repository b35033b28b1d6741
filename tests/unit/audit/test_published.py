"""The audit of the 124 published logs agrees with counts by hand."""

from collections import Counter

import pytest

import ferspec

# read off the lines of the files: epochs, first rate, and the epoch that is 20 after the lowest validation loss
BY_HAND = {
    "alexnet-48-affectnet-simple": [(77, 1e-4, 76)],
    "conv3-48-rafdb-conservative": [(89, 1e-4, 88)],
    "conv4-48-affectnet-conservative": [(72, 1e-4, 71)],
    "densenet121-224-fer2013-simple": [(28, 1e-4, None), (31, 1e-4, 30)],
    "efficientnet-48-fer2013-simple": [(1, 1e-4, None), (20, 1e-4, None), (112, 1e-4, 111)],
    "googlenet-224-rafdb-simple": [(133, 1e-3, 132), (36, 1e-4, 35)],
    "googlenet-48-rafdb-simple": [(115, 1e-4, 114), (39, 1e-5, 38)],
    "inceptionv3-224-fer2013-simple": [(13, 1e-4, None), (28, 1e-4, 27)],
    "lenet-48-rafdb-simple": [(57, 1e-3, 56)],
    "mnist-net-48-fer2013-simple": [(24, 1e-4, 23), (122, 1e-5, 121)],
    "mobilenet-48-affectnet-simple": [(61, 1e-3, 60), (54, 1e-4, 53)],
    "modular-224-affectnet-conservative": [(54, 1e-4, None), (90, 1e-4, 89)],
    "nasnet-224-rafdb-simple": [(26, 1e-4, None), (31, 1e-4, 30)],
    "repvgg-224-rafdb-simple": [(9, 1e-4, None), (61, 1e-4, 60)],
    "resnet18-2-48-rafdb-conservative": [(63, 1e-4, 62), (21, 5e-5, 20), (66, 1e-4, 65)],
    "senet50-224-fer2013-simple": [(10, 1e-4, None), (66, 1e-4, 65)],
    "sequential-1-224-fer2013-simple": [(200, 1e-4, None)],
    "sequential-1-48-affectnet-simple": [(130, None, 78), (50, 1e-4, 49)],
    "smmb-48-affectnet-simple": [(4, 1e-4, None), (52, 1e-3, 51)],
    "vggnet-224-fer2013-simple": [(18, 1e-4, None), (104, 1e-5, 103)],
}
# what the first of their phases that does so starts at
OTHER_FIRST_RATES = {
    "efficientnet-multitask-48-rafdb-conservative": "phase 5 starts at 1e-06",
    "googlenet-224-fer2013-simple": "phase 3 starts at 1e-06",
    "googlenet-48-rafdb-conservative": "phase 2 starts at 2.5e-05",
    "mobilenet-224-fer2013-conservative": "phase 1 starts at 1e-06",
    "resnet18-2-48-rafdb-conservative": "phase 2 starts at 5e-05",
    "smmb-48-fer2013-conservative": "phase 1 starts at 5e-05",
    "vgg19-224-rafdb-simple": "phase 2 starts at 1e-06",
}
NEVER_STOPPED = {"sequential-1-224-fer2013-simple", "sequential-1-48-fer2013-simple"}
# the logs whose names are those of networks without published weights
SCRATCH = (
    *("alexnet", "conv3", "conv4", "ensemble", "googlenet", "lenet", "mnist-net", "mnn-modular", "model-10", "modular"),
    *("repvgg", "resnet18", "sequential", "smmb", "vgg-scratch", "vgg16-scratch", "vggnet", "zfnet"),
)


@pytest.fixture(scope="module")
def published(reference):
    audit = ferspec.audit(reference / "training_logs")
    assert audit.skipped == ()
    return audit, {audited.run.path.stem: audited for audited in audit.runs}


def outcomes(published, clause: str):
    return {
        name: outcome
        for name, audited in published[1].items()
        for outcome in audited.judgement.outcomes
        if outcome.clause == clause
    }


@pytest.mark.parametrize("name", BY_HAND)
def test_phases_first_rates_and_stopping_epochs_are_those_counted_by_hand(published, name):
    document = next(run for run in published[0].document()["runs"] if run["path"].endswith(f"/{name}.csv"))
    found = [(phase["epochs"], phase["first_rate"], phase["stopping_epoch"]) for phase in document["phases"]]
    assert found == BY_HAND[name]


def test_every_phase_that_logs_a_rate_replays(published):
    audit = published[0]
    assert (len(audit.runs), audit.phases, audit.rated, audit.replayed) == (124, 223, 221, 221)
    assert {outcome.status for outcome in outcomes(published, "FER-S-03").values()} == {"pass", "not_evaluated"}


def test_seven_logs_have_a_phase_that_starts_at_another_rate(published):
    failed = {
        name: outcome.observed for name, outcome in outcomes(published, "FER-S-02").items() if outcome.status == "fail"
    }
    assert failed == OTHER_FIRST_RATES


def test_all_but_three_logs_end_with_early_stopping_throughout(published):
    found = outcomes(published, "FER-S-05")
    assert Counter(outcome.status for outcome in found.values()) == {"pass": 121, "not_evaluated": 2, "fail": 1}
    assert {name for name, outcome in found.items() if outcome.status == "not_evaluated"} == NEVER_STOPPED
    (beyond,) = (outcome for outcome in found.values() if outcome.status == "fail")
    assert (beyond.observed, beyond.expected) == ("phase 1 continues to epoch 129", "an end with epoch 78")


def test_a_few_logs_show_the_min_delta_and_none_contradicts_it(published):
    found = Counter(outcome.status for outcome in outcomes(published, "FER-S-04").values())
    assert found["fail"] == found["inconclusive"] == 0
    assert found["pass"] >= 1


def test_no_published_log_looks_as_if_training_images_were_validated(published):
    notes = [note for audited in published[0].runs for note in audited.notes]
    overlaps = ("memorised", "same images", "exactly the validation")
    assert not [note for note in notes if any(overlap in note for overlap in overlaps)]


def test_many_networks_from_scratch_have_more_phases_than_one_and_five_pre_trained_ones_one(reference):
    """ERR-38, counted in the raw lines: a phase is a line of epoch 0."""
    counted = {
        path.stem: sum(line.startswith("0,") for line in path.read_text().splitlines())
        for path in (reference / "training_logs").glob("*.csv")
    }
    scratch = {name: phases for name, phases in counted.items() if name.startswith(SCRATCH)}
    others = {name: phases for name, phases in counted.items() if name not in scratch}
    assert (len(scratch), sum(phases > 1 for phases in scratch.values())) == (67, 26)
    assert (len(others), Counter(others.values())) == (57, {1: 5, 2: 43, 3: 4, 4: 3, 5: 1, 7: 1})


def test_a_single_phase_is_right_from_scratch_and_wrong_from_published_weights(published, reference):
    single = {name for name, audited in published[1].items() if len(audited.replays) == 1}
    for name in sorted(single):
        weights = "scratch" if name.startswith(SCRATCH) else "imagenet"
        path = reference / "training_logs" / f"{name}.csv"
        (found,) = ferspec.audit(path, weights=weights, select="FER-S-07").outcomes
        assert found.status in (("pass",) if weights == "scratch" else ("fail", "inconclusive")), name
