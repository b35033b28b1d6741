"""Every class set is read as a seven-column table made by hand; a wrong mapping is found; answers may be missing."""

import csv
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.leaves import differing_leaves
from ferspec.reference.evaluation import evaluate
from ferspec.report.reuse import confusion_csv
from ferspec.report.summary import summary
from ferspec.subjects.models.contracts import answers as answers_module
from ferspec.subjects.models.contracts import class_set as class_set_module
from ferspec.subjects.models.contracts.answers import MISSING, Answers
from ferspec.subjects.models.contracts.class_set import problem_of
from ferspec.subjects.models.policies import abstention, figures_of, other_classes
from ferspec.subjects.models.predictions import read_predictions
from ferspec.subjects.models.subject import ModelSubject

SEVEN = ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]
MEANT = {"anger": "Angry", "happiness": "Happy", "sadness": "Sad"}
AFFECTNET = ["Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger", "Contempt"]
FERPLUS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"]
SETS = {
    "AffectNet-8, by number": (AFFECTNET, "wrong"),
    "AffectNet-8, by name": (sorted(AFFECTNET), "wrong"),
    "FERPlus-8": (FERPLUS, "wrong"),
    "FERPlus-10": ([*FERPLUS, "unknown", "NF"], "wrong"),
    "EmoNet-5": (["Neutral", "Happy", "Sad", "Surprise", "Fear"], "wrong"),
    "EmoNet-8": (AFFECTNET, "drop"),
    "seven with other": ([*SEVEN[::-1], "other"], "wrong"),
    "six basic": ([name for name in SEVEN if name != "Neutral"], "wrong"),
    "three": (["Happy", "Neutral", "Sad"], "wrong"),
    "one missing, one more": ([name for name in FERPLUS if name != "fear"], "drop"),
    "merged": (FERPLUS, {"contempt": "Disgust"}),
    "merged and wrong": ([*FERPLUS, "-", "no face"], {"contempt": "anger", "no face": "Neutral"}),
    "dropped": ([*FERPLUS, "unknown", "NF"], "drop"),
    "merged into a missing class": (["contempt", "Happy", "Sad", "Neutral"], {"Contempt": "Disgust"}),
}
LABELS = np.random.default_rng(1).integers(0, 7, 150)


def rows_of(classes):
    rows = np.random.default_rng(2).dirichlet(np.full(len(classes), 0.6), len(LABELS))
    rows[::11] = np.nan
    return rows


def by_hand(row, classes, extra):
    """Return the seven probabilities of a row and its answer, as one would work them out on paper."""
    seven, outside = dict.fromkeys(SEVEN, 0.0), {}
    merged = {key.lower(): value for key, value in extra.items()} if isinstance(extra, dict) else {}
    for name, value in zip(classes, row, strict=True):
        name = merged.get(name.lower(), name)
        name = MEANT.get(name.lower(), name.capitalize())
        if name in seven:
            seven[name] += value
        else:
            outside[name] = value
    if np.isnan(row[0]):
        return None, None
    if extra == "drop":
        total = sum(seven.values())
        return {name: value / total for name, value in seven.items()}, max(seven, key=seven.get)
    best = max(seven, key=seven.get)
    return seven, None if outside and max(outside.values()) > seven[best] else best


def faults(classes_module, reading_module):
    """Yield where a mapping differs from the one by hand."""
    for name, (classes, extra) in SETS.items():
        declared = classes_module.ClassSet(classes=tuple(classes), extra=extra)
        rows = rows_of(classes)
        found = reading_module.answers_of(rows, declared)
        whole = reading_module.distributions_of(rows, declared)
        for place, row in enumerate(rows):
            seven, answer = by_hand(row, classes, extra)
            index = 7 if answer is None else SEVEN.index(answer)
            if found.predicted[place] != index or found.missing[place] != (seven is None):
                yield f"{name}: answer {place}"
            if seven is None and not np.isnan(found.probabilities[place]).all():
                yield f"{name}: missing {place}"
            elif seven is not None and not np.array_equal(
                found.probabilities[place, :7], np.float32(list(seven.values()))
            ):
                yield f"{name}: probabilities {place}"
            elif seven is not None and abs(whole[place].sum() - 1) > 1e-12:
                yield f"{name}: distribution {place}"
        outside = [one for one in classes if MEANT.get(one.lower(), one.capitalize()) not in SEVEN]
        targets = {MEANT.get(one.lower(), one) for one in extra.values()} if isinstance(extra, dict) else set()
        named = {MEANT.get(one.lower(), one.capitalize()) for one in classes} | targets
        kept = [] if extra == "drop" else [one for one in outside if one not in extra] if targets else outside
        if name == "merged into a missing class":
            kept = []
        stated = (declared.outside, declared.missing, declared.unread, found.probabilities.shape[1])
        if stated != (tuple(outside), tuple(one for one in SEVEN if one not in named), tuple(kept), 7 + len(kept)):
            yield f"{name}: names"
        if whole.shape[1] != 7 + len(outside):
            yield f"{name}: columns"
        if declared.is_the_protocols != (not outside and named == set(SEVEN)):
            yield f"{name}: the protocol's"


@pytest.mark.parametrize(("classes", "extra"), SETS.values(), ids=SETS)
def test_no_class_set_is_refused(classes, extra):
    assert problem_of(class_set_module.ClassSet(classes=tuple(classes), extra=extra)) is None


def test_every_class_set_is_read_as_by_hand():
    assert list(faults(class_set_module, answers_module)) == []


@pytest.mark.parametrize(("classes", "extra"), SETS.values(), ids=SETS)
def test_each_policy_equals_a_seven_column_table_made_by_hand(tmp_path, classes, extra):
    path = tmp_path / "by hand.csv"
    rows = rows_of(classes)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", *SEVEN])
        for place, row in enumerate(rows):
            seven, answer = by_hand(row, classes, extra)
            table.writerow([place, *([""] * 7 if answer is None else map(repr, map(float, seven.values())))])
    hand = read_predictions(path).answers
    found = answers_module.answers_of(rows, class_set_module.ClassSet(classes=tuple(classes), extra=extra))
    metrics = [evaluate(LABELS, each.predicted, each.probabilities).model_dump() for each in (hand, found)]
    if found.probabilities.shape[1] > 7:
        # a seven-column table cannot state the confidence of an answer outside the seven
        metrics = [{name: value for name, value in one.items() if name != "calibration"} for one in metrics]
    assert list(differing_leaves(*metrics, 1e-12)) == []


CLASSES, READING = "class_set", "answers"
MUTANTS = [
    (READING, "if target is not None", "if target is None"),
    (READING, "seven[:, target] += columns", "seven[:, target] = columns"),
    (READING, "seven[:, target] += columns", "seven[:, target] -= columns"),
    (READING, "seven[:, target] += columns[:, column]", "seven[:, column % 7] += columns[:, column]"),
    (READING, "seven[:, target] += columns[:, column]", "seven[:, target] += columns[:, target]"),
    (READING, "seven[:, target] += columns[:, column]", "seven[:, target] += columns[:, -1 - column]"),
    (READING, "seven[np.isnan(columns).all(axis=1)] = np.nan", "pass"),
    (READING, "seven[np.isnan(columns).all(axis=1)] = np.nan", "seven[np.isnan(columns).all(axis=1)] = 0"),
    (READING, "if declared.extra != DROP", "if declared.extra == DROP"),
    (READING, "if declared.extra != DROP", "if True"),
    (READING, "if declared.extra != DROP", "if declared.extra == WRONG"),
    (READING, "[target is None for target in targets]", "[target is not None for target in targets]"),
    (READING, "[target is None for target in targets]", "[False for target in targets]"),
    (READING, "[target is None for target in targets]", "[True for target in targets]"),
    (READING, "np.concatenate([seven, columns", "np.concatenate([seven * 0, columns"),
    (READING, "if declared.outside:", "if False:"),
    (READING, "seven.sum(axis=1, keepdims=True)", "columns.sum(axis=1, keepdims=True)"),
    (READING, "seven.sum(axis=1, keepdims=True)", "seven.max(axis=1, keepdims=True)"),
    (READING, "seven.sum(axis=1, keepdims=True)", "seven.sum(keepdims=True)"),
    (READING, "where=total > 0", "where=total > 0.5"),
    (READING, "where=total > 0", "where=total < 0"),
    (READING, "declared.treating(WRONG)", "declared"),
    (READING, "declared.treating(WRONG)", "declared.treating(DROP)"),
    (READING, "candidates.argmax(axis=1)", "candidates.argmin(axis=1)"),
    (READING, "candidates.argmax(axis=1)", "candidates[:, :7].argmax(axis=1)"),
    (READING, "candidates.argmax(axis=1)", "columns.argmax(axis=1)"),
    (READING, "candidates.argmax(axis=1))", "MISSING)"),
    (READING, "np.isnan(probabilities).all(axis=1), MISSING", "np.isnan(probabilities).all(axis=1), 0"),
    (READING, "np.isnan(probabilities).all(axis=1), MISSING", "np.isnan(probabilities).all(axis=1), 8"),
    (READING, "np.minimum(self.chosen, count)", "self.chosen"),
    (READING, "np.minimum(self.chosen, count)", "np.minimum(self.chosen, count - 1)"),
    (READING, "np.minimum(self.chosen, count)", "self.chosen % count"),
    (READING, "np.where(self.missing, count,", "np.where(self.missing, 0,"),
    (READING, "self.chosen == MISSING", "self.chosen != MISSING"),
    (READING, "self.chosen == MISSING", "self.chosen >= 7"),
    (CLASSES, "if isinstance(self.extra, dict) else {}", "if False else {}"),
    (CLASSES, "into.get(plain_name(name)) if index is None else index", "into.get(plain_name(name))"),
    (CLASSES, "into.get(plain_name(name)) if index is None else index", "index"),
    (CLASSES, "into.get(plain_name(name)) if index is None", "into.get(name) if index is None"),
    (CLASSES, "plain_name(name): spec.load().class_index(target)", "name: spec.load().class_index(target)"),
    (CLASSES, "spec.load().class_index(target)", "0"),
    (CLASSES, "spec.load().column_class, self.classes", "spec.load().column_class, sorted(self.classes)"),
    (CLASSES, "spec.load().column_class, self.classes", "spec.load().column_class, self.classes[::-1]"),
    (CLASSES, "named = set(self.read_as)", "named = set(self.declared)"),
    (CLASSES, "if index not in named", "if index in named"),
    (CLASSES, "kept = () if self.extra == DROP else", "kept = () if self.extra == WRONG else"),
    (CLASSES, "not self.outside and not self.missing", "not self.outside"),
    (CLASSES, "not self.outside and not self.missing", "not self.missing"),
    (CLASSES, "not self.outside and not self.missing", "True"),
]


def mutated(module, replacements):
    """Return a module made from the source of another, with replacements."""
    source = Path(module.__file__).read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in source
        source = source.replace(old, new)
    made = ModuleType("mutated")
    made.__dict__["__name__"] = f"mutated_{module.__name__.rpartition('.')[2]}"
    sys.modules[made.__name__] = made
    exec(compile(source, module.__file__, "exec"), made.__dict__)
    return made


@pytest.mark.parametrize(("place", "old", "new"), MUTANTS, ids=[f"{place}: {new}" for place, _, new in MUTANTS])
def test_a_wrong_mapping_is_found(place, old, new):
    classes = mutated(class_set_module, [(old, new)] if place == CLASSES else [])
    reading = mutated(answers_module, [(old, new)] if place == READING else [])
    # a mapping that crashes is found as well
    with suppress(ValueError, IndexError, TypeError):
        assert next(faults(classes, reading), None) is not None


def test_at_least_forty_wrong_mappings_are_tried():
    assert len(set(MUTANTS)) == len(MUTANTS) >= 40
    print(f"{len(MUTANTS)} wrong mappings are found")


def test_only_extra_columns_that_lead_make_the_policies_differ():
    columns = np.array([[0.1, 0.2, 0.7], [0.5, 0.1, 0.4], [0.2, 0.55, 0.25]])
    declared = class_set_module.ClassSet(classes=("Happy", "Sad", "contempt"), extra={"contempt": "Happy"})
    labels = np.array([5, 3, 3])
    found = other_classes(labels, columns, answers_module.answers_of(columns, declared), declared)
    accuracies = {str(policy.extra): policy.figures.accuracy.value for policy in found.policies}
    assert accuracies == pytest.approx({"{'contempt': 'Happy'}": 1 / 3, "wrong": 1 / 3, "drop": 2 / 3})
    assert (found.nameable.n, found.missing[0]) == (3, "Angry")


TOTALS = [(3068, 2233, 0.513, 0.374, 0.646), (3068, 2705, 0.646, 0.569, 0.688), (3068, 3019, 0.656, 0.645, 0.661)]


@pytest.mark.parametrize(("n", "answered", "share", "worst", "best"), TOTALS)
def test_missing_answers_leave_the_accuracy_open_between_worst_and_best(n, answered, share, worst, best):
    labels, hits = np.zeros(n, int), round(share * answered)
    chosen = np.repeat([0, 1, MISSING], [hits, answered - hits, n - answered])
    found = abstention(labels, Answers(None, chosen))
    assert figures_of(labels, Answers(None, chosen).predicted).accuracy.value == pytest.approx(worst, abs=0.001)
    assert found.best.value == pytest.approx(best, abs=0.001)
    assert found.answered.accuracy.value == pytest.approx(share, abs=0.001)
    assert found.rate.value == pytest.approx(1 - answered / n)


def test_declining_the_hardest_tenth_gains_nothing_by_default():
    rng = np.random.default_rng(3)
    columns = rng.dirichlet(np.full(7, 0.5), 1000)
    labels = np.array([rng.choice(7, p=row) for row in columns])
    declining = columns.copy()
    declining[np.argsort(columns.max(axis=1))[:100]] = np.nan
    everything, some = (
        answers_module.answers_of(rows, class_set_module.seven()).predicted for rows in (columns, declining)
    )
    assert (some == labels).mean() <= (everything == labels).mean()
    assert (some == labels)[some < 7].mean() > (everything == labels).mean()


def test_a_class_that_is_only_missed_without_an_answer_is_named():
    labels = np.arange(7).repeat(3)
    found = evaluate(labels, np.where(labels == 2, 7, labels))
    assert summary(found).endswith("Misses 100 % of Fear, most often answered with none of the seven.")
    assert confusion_csv(found).splitlines()[3] == "Fear,0,0,0,0,0,0,0,3"


# What is not a distribution


@pytest.mark.parametrize("row", [[3e38, 3e38, 0], [0, -3e38, 3e38 + 1e30]])
@pytest.mark.parametrize("extra", ["drop", {"contempt": "Happy"}])
def test_sums_and_quotients_too_large_for_a_float32_stay_finite(row, extra):
    declared = class_set_module.ClassSet(classes=("contempt", "Happy", "Sad"), extra=extra)
    assert np.isfinite(answers_module.answers_of(np.array([row]), declared).probabilities).all()


def test_a_model_whose_every_answer_is_dropped_is_refused():
    recorded = SimpleNamespace(answers=Answers(None, np.array([MISSING])), name="m.onnx")
    with pytest.raises(UserError, match=r"m\.onnx gives no answer that counts"):
        _ = ModelSubject(None, recorded=recorded).answers
    recorded.answers = Answers(None, np.array([MISSING, 3]))
    assert ModelSubject(None, recorded=recorded).predicted.tolist() == [7, 3]


def test_a_class_and_a_merge_are_named_once():
    twice = class_set_module.ClassSet(classes=("Happy", "Sad", "contempt", "Happy"))
    assert problem_of(twice) == "classes: 'Happy' and 'Happy' are the same class"
    merged = {"contempt": "Disgust", "Contempt": "Fear"}
    assert "merged twice" in problem_of(class_set_module.ClassSet(classes=("Happy", "contempt"), extra=merged))
