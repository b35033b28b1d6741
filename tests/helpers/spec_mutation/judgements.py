"""Judgements by the specification of models, certificates, runs, logs and implementations.

Nothing is imported here before a part is computed, so that no module keeps a value of another specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

PROFILES = ("released", "paper")
# deviations from 1e-12 to 1, no two of which lie further apart than a factor of two
STEPS = [start * 10.0**-power for power in range(13) for start in (1.0, 1.9, 3.7, 7.1)]


def tolerances() -> Iterator[Any]:
    """Return how small and large deviations of certificates, runs and tables of results are judged."""
    import numpy as np

    from ferspec import spec
    from ferspec.checks.certificate.differences import first_difference
    from ferspec.checks.certificate.metrics import Limit, within_error
    from ferspec.checks.certificate.reproduction import (
        compare_diagnoses,
        predictions_are_reproduced,
        same_drawn_number,
    )
    from ferspec.checks.model.honesty import is_clearly_little, keeps_its_accuracy
    from ferspec.checks.run.artifacts.files import has_disjoint_splits
    from ferspec.checks.run.artifacts.training import has_the_weights_of_its_balancing
    from ferspec.checks.run.result_row import ResultRow, does_not_contradict_itself
    from ferspec.checks.run.schedule.rounded_losses import same_rate
    from ferspec.engine import may_be_declared
    from ferspec.spec.records import CellMetrics
    from ferspec.subjects.models.contracts.class_set import seven

    off = np.full((210, 7), 1 / 7, np.float32)
    for step in STEPS:
        yield first_difference({"figure": 1.0}, {"figure": 1.0 + step}).status
        yield same_rate(1.0, 1.0 + step)
    recertified, stated = (
        SimpleNamespace(
            predictions=[SimpleNamespace(probabilities=row, columns=None) for row in (off + shift).tolist()],
            subject=SimpleNamespace(class_set=seven()),
            diagnoses=(),
            outcomes=(),
        )
        for shift in (0.0, 0.5)
    )
    yield predictions_are_reproduced(SimpleNamespace(recertified=recertified, report=stated))

    for step in STEPS:
        yield within_error(Limit(0.5, 0.1, "bootstrap"), Limit(0.5 + step, 0.1, "bootstrap"), 10**6)
        yield within_error(Limit(0.5, 0.0, "bootstrap"), Limit(0.5 + step, 0.0, "bootstrap"), 100)
        yield same_drawn_number(1.0, step), same_drawn_number(0.0, step), is_clearly_little(step)
        for gain, p_value in ((0.2 + step, 1e-30), (0.2, 1e-30 / step)):
            yield compare_diagnoses(_diagnosed(0.2, 1e-30), _diagnosed(gain, p_value)).status
    for images in range(10):
        yield compare_diagnoses(_diagnosed(0.2, 1e-30), _diagnosed(0.2 + (images + 0.5) / 100, 1e-30)).status
    drawn: list[int] = []
    with suppress(StopIteration):
        keeps_its_accuracy(SimpleNamespace(draw=lambda count: drawn.append(count) or next(iter(()))))
    yield drawn
    yield [may_be_declared(clause) for clause in ("FER-B-08", "FER-B-09", "FER-B-10")]
    for power in range(12):
        yield compare_diagnoses(_diagnosed(0.2, 10.0**-power), SimpleNamespace(diagnoses=())).status

    yield from _rows_and_symptoms()
    images = SimpleNamespace(
        parts={"validation": [0] * 100, "training": [0] * 100},
        listed_twice={},
        trained_and_validated=(),
        trained_under_other_names=60,
        repeated={"training": 70},
    )
    yield has_disjoint_splits(SimpleNamespace(images=images))
    for shift in range(0, 40):
        row = CellMetrics(val_recall=0.5, val_accuracy=0.5 + shift / 1000, val_precision=0.5, val_f1=0.5 + shift / 1000)
        yield does_not_contradict_itself(ResultRow(row, images={"val": 1000}))

    trained = np.array([100, 200, 50, 900, 400, 450, 333])
    for step in STEPS:
        recorded = dict(zip(spec.load().classes, np.minimum(trained.max() / trained, 3.0), strict=True))
        recorded[spec.load().classes[0]] *= 1 + step
        folder = SimpleNamespace(
            images=SimpleNamespace(counted=lambda part: trained),
            run=SimpleNamespace(class_weights=recorded),
            cell=SimpleNamespace(balancing="conservative"),
        )
        yield has_the_weights_of_its_balancing(folder).status
    yield from _figures_of_a_run()


def _figures_of_a_run() -> Iterator[Any]:
    """Return whether the record of a run is accepted that is off by so much."""
    import numpy as np

    from ferspec.checks.run.artifacts.metrics import report_of, reports_its_predictions
    from ferspec.checks.run.artifacts.training import predicts_like_its_best_epoch
    from ferspec.reference.bootstrap import protocol_resampling
    from ferspec.subjects.runs.artifacts.predictions import RunPredictions

    # ten batches, and a partial one that is a whole batch of the other size
    n, evaluated = 680, 640
    labels = np.arange(n) % 7
    predicted = np.where(np.arange(n) % 3, labels, 0)
    names = tuple(map(str, range(n)))
    part = RunPredictions(names, names, labels, predicted, np.eye(7, dtype=np.float32)[predicted])
    settings = SimpleNamespace(profile="released", global_batch=64)
    stated = report_of({"validation": part}, "a cell", "released", replace(protocol_resampling(), replicates=2))
    yield stated.parts["validation"].as_run
    correct = labels == predicted
    for step in STEPS:
        best = SimpleNamespace(val_accuracy=float(correct[:evaluated].mean()) + step)
        run = SimpleNamespace(best=best, settings=settings, cell="a cell")
        edited = stated.model_copy(deep=True)
        object.__setattr__(edited.parts["validation"].metrics.accuracy, "value", float(correct.mean()) + step)
        folder = SimpleNamespace(run=run, predictions={"validation": part}, report=edited)
        yield predicts_like_its_best_epoch(folder).status, reports_its_predictions(folder).status


def _rows_and_symptoms() -> Iterator[Any]:
    """Return what is allowed of rows in steps, and what rows and predictions are called."""
    import numpy as np

    from ferspec.checks.model.columns import cause_of
    from ferspec.checks.model.symptoms import symptom_of
    from ferspec.reference.distributions import allowed

    rng = np.random.default_rng(1)
    labels = np.tile(np.arange(7), 40)
    for step in range(1, 60):
        yield allowed(2e-4 * step * np.arange(14).reshape(2, 7))
    scores = rng.normal(size=(280, 7)) + 2 * np.eye(7)[labels]
    yield [cause_of(scores * 1.1**power, labels) is None for power in range(-40, 41)]
    rows = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    yield [symptom_of(labels[:n], labels[:n] * 0, rows[:n], None) is None for n in range(7, 200)]
    yield [symptom_of(labels, np.where(np.arange(280) < n, labels, 0), None, None) is None for n in range(20)]
    for n, hits in [*((n, n // 10) for n in range(150, 280, 10)), *((280, hits) for hits in range(30, 60))]:
        predicted = (labels[:n] + 1 + np.arange(n) // 7 % 6) % 7
        right = np.linspace(0, n - 1, hits, dtype=int)
        predicted[right] = labels[right]
        near = 0.9 * np.eye(7)[predicted] + 0.1 * rng.dirichlet(np.ones(7), n)
        yield [symptom_of(labels[:n], predicted, given, None) is None for given in (near, None)]
    sure = np.eye(7)[rng.integers(0, 2, 280) * labels]
    for power in range(3, 10):
        near = sure * (1 - 10.0**-power) + 10.0**-power / 7
        yield symptom_of(labels, near.argmax(axis=1), near, None) is None


def _diagnosed(gain: float, p_value: float) -> Any:
    """Return a report with one diagnosis."""
    known = SimpleNamespace(value=gain, low=0.1, high=0.3, method=None, undefined=None)
    words = {"kind": "colour", "message": "", "declared": "rgb", "likely": "bgr"}
    return SimpleNamespace(diagnoses=(SimpleNamespace(**words, gain=known, p_value=p_value, n=100),))


def _input() -> Any:
    from ferspec.subjects.models.contracts.contract import Input

    return Input(size=(4, 4), range=(0.0, 1.0))


def logs() -> Iterator[Any]:
    """Return how logs are audited, by the length of their first phase and their first rate."""
    from pathlib import Path

    from ferspec.checks.run.schedule.phases import LOG_CHECKS
    from ferspec.subjects.runs.logs.logged_run import LoggedRun
    from ferspec.subjects.runs.logs.phases import LoggedPhase

    def phase(length: int, rate: float, falling: float) -> LoggedPhase:
        losses = tuple(3.0 - falling * epoch for epoch in range(length))
        return LoggedPhase(tuple(range(length)), losses, losses, losses, losses, rate=(rate,) * length)

    checks = [check for check in LOG_CHECKS if check.clause in ("FER-S-02", "FER-S-07", "FER-S-08")]
    for profile in PROFILES:
        for length, rate in [*((length, 1e-4) for length in range(5, 50)), *((20, step) for step in STEPS)]:
            phases = phase(length, rate, 0.02), phase(100, 1e-4, 0.01)
            run = LoggedRun(Path("log.csv"), "CSV", phases, profile=profile, weights="imagenet")
            yield [_status(check, run) for check in checks]


def _status(check: Any, subject: Any) -> str:
    from ferspec.errors import NotEvaluable

    try:
        return str(check.run(subject).status)
    except NotEvaluable:
        return "not evaluated"


def answers() -> Iterator[Any]:
    """Return how checks judge answers of other implementations, and which batch sizes they ask about."""
    from ferspec.checks.generator import checks_for_implementation
    from ferspec.subjects.implementations.subject import Direct, ImplementationSubject

    for profile in PROFILES:
        for part in ("training", "validation", "BTFER"):
            subject = ImplementationSubject(Direct(SimpleNamespace(monitored_split=lambda part=part: part)), profile)
            yield [check.run(subject).status for check in checks_for_implementation() if check.clause == "FER-V-04"]
        for pooling in ("GlobalAveragePooling2D", "Flatten"):
            head = [
                {"layer": pooling},
                *({"layer": "Dense", "units": units, "activation": "relu"} for units in (9, 8, 7)),
            ]
            subject = ImplementationSubject(Direct(SimpleNamespace(head=lambda weights, head=head: head)), profile)
            checks = [check for check in checks_for_implementation() if check.clause == "FER-P-03"]
            yield [_status(check, subject) for check in checks if not subject.capabilities.isdisjoint(check.needs)]
    asked: list[int] = []
    evaluated = SimpleNamespace(evaluated_images=lambda images, batch_size: asked.append(batch_size) or images)
    for check in checks_for_implementation():
        if check.clause == "FER-V-03":
            check.run(ImplementationSubject(Direct(evaluated)))
    yield sorted(set(asked))


def promises() -> Iterator[Any]:
    """Return whether bands of multiples of the protocol's width keep the promise of FER-G-08."""
    from ferspec.checks.generator import checks_for_implementation
    from ferspec.implementation import released
    from ferspec.subjects.implementations.subject import Direct, ImplementationSubject

    for times in (0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0):

        def band(expected: float, times: float = times, **known: Any) -> list[float]:
            return [expected + times * (end - expected) for end in released.band(expected, **known)]

        subject = ImplementationSubject(Direct(SimpleNamespace(spread=released.spread, band=band)))
        yield [check.run(subject).status for check in checks_for_implementation() if check.clause == "FER-G-08"]


def screening() -> Iterator[Any]:
    """Return how a search for mistakes is planned, and which sizes it tries."""
    from ferspec.checks.model.alternatives import alternatives
    from ferspec.checks.model.plan import default_mode, found_loss, plan_of
    from ferspec.subjects.models.contracts.contract import Input

    yield [default_mode((side, side)) for side in (48, 120, 128, 129, 135, 150, 224)]
    images = SimpleNamespace(gray=True, sizes=())
    for side in (32, 48, 64, 96, 100, 128, 160, 224, 300, 448):
        yield [found.likely for found in alternatives(Input(size=(side, side)), images, True)]
    for n in (100, 1000, 2100):
        for mode in ("quick", "full"):
            plan = plan_of(mode, n)
            yield found_loss(mode, n), plan.first, plan.most / n, plan.patience / n, 1 - plan.level, plan.target


def checks_of(clause: str) -> Iterator[Any]:
    """Return which checks of a clause the built-in implementation fails: none, by the specification as it is."""
    from ferspec.checks.generator import checks_for_implementation
    from ferspec.implementation import Implementation
    from ferspec.subjects.implementations.subject import Direct, ImplementationSubject

    for profile in PROFILES:
        subject = ImplementationSubject(Direct(Implementation(profile)), profile)
        for check in checks_for_implementation():
            if check.clause == clause and check.run(subject).status == "fail":
                yield check.id
