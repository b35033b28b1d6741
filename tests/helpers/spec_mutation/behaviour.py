"""What the suite computes from the specification, in parts that are compared before and after a change.

Nothing is imported here before a part is computed, so that no module keeps a value of another specification. No part
shows a value as the data files state it where it can show what was computed with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

PROFILES = ("released", "paper")
ROUNDS = 60
# deviations from 1e-12 to 1, no two of which lie further apart than a factor of two
STEPS = [start * 10.0**-power for power in range(13) for start in (1.0, 1.9, 3.7, 7.1)]


def classes() -> Iterator[Any]:
    from ferspec import spec
    from ferspec.errors import UserError
    from ferspec.implementation import released
    from ferspec.subjects.datasets.readers.affectnet import _meaning

    yield released.classes()
    words = (
        "anger angered disgusted disgusting fearful afraid scared fearfulness happiness joy joyful neutrality sadness"
    )
    words += (
        " sorrow sorrowful surprised surprising contempt contemptuous angry disgust fear happy neutral sad surprise"
    )
    for word in (*words.split(), "neutral expression", "no expression"):
        try:
            yield word, spec.load().class_index(word)
        except UserError as refused:
            yield word, str(refused)
    for dataset in ("protocol", "RAF-DB", "FER2013", "AffectNet"):
        yield [released.class_of_label(label, dataset) for label in range(-1, 12)]
    yield [_meaning(str(label)) for label in range(11)]


def training() -> Iterator[Any]:
    from ferspec.implementation import Implementation

    losses = [2.0 - 0.1 * epoch for epoch in range(5)] + [1.6 - 0.00008 * epoch for epoch in range(ROUNDS)]
    for profile in PROFILES:
        own = Implementation(profile)
        for balancing in ("simple", "conservative"):
            yield own.class_weights([100, 200, 50, 900, 400, 450, 333], balancing)
        yield own.learning_rates(losses, 0.01), own.learning_rates([1.0] * 1000, 0.01)
        yield own.stopping_epoch(losses), own.stopping_epoch([1.0] * 1000)
        yield own.best_epoch([0.1, 0.5, 0.5, 0.4], [4.0, 2.0, 3.0, 1.0])
        yield [own.phases(weights) for weights in ("imagenet", "vggface", "scratch")]
        yield own.batch_size(2), own.steps_per_epoch(1000, 64), own.evaluated_images(2100, 64)


def optimizer() -> Iterator[Any]:
    from ferspec.implementation import Implementation

    for profile in PROFILES:
        yield Implementation(profile).hyperparameters("VGG16")
        yield Implementation(profile).losses([0, 3], [[0.1] * 7, [0.2, 0.1, 0.1, 0.3, 0.1, 0.1, 0.1]], [1.0] * 7)


def augmentation() -> Iterator[Any]:
    from ferspec.implementation import released

    drawn = released.augmentation_parameters(4, 40, 60, seed=3)
    yield drawn
    image = [
        [[(row * 7 + column * 31 + channel * 90) % 256 for channel in range(3)] for column in range(9)]
        for row in range(7)
    ]
    for flip in (False, True):
        yield released.augment(
            image, {"rotation": 17.0, "height_shift": 1.5, "width_shift": -0.5, "zoom": [0.9, 1.15], "flip": flip}
        )
    yield released.augmentation_stream(5, 2, 7, 9, seed=1, epochs=2)


def images() -> Iterator[Any]:
    import numpy as np

    from ferspec.implementation import Implementation

    picture = np.arange(300).reshape(10, 10, 3) % 256
    for profile in PROFILES:
        own = Implementation(profile)
        yield own.resize(picture.tolist(), 4, 6), own.face_box([30, 40, 50, 60], 100, 100)
        for start in (("VGG16", "imagenet"), ("MobileNet", "imagenet"), ("VGG16", "vggface"), ("LeNet5", "scratch")):
            yield own.network_input(picture.tolist(), *start)


def datasets() -> Iterator[Any]:
    from ferspec import spec
    from ferspec.checks.run.result_row import _images
    from ferspec.errors import UserError
    from ferspec.grid.costs import _images as trained
    from ferspec.implementation import Implementation

    for profile in PROFILES:
        own = Implementation(profile)
        for dataset in ("RAF-DB", "FER2013", "AffectNet", "BTFER"):
            yield own.dataset_counts(dataset), own.image_size(dataset)
        for parts in (None, ["training", "validation"] * 500):
            for dataset in ("RAF-DB", "AffectNet"):
                try:
                    yield own.split(dataset, [number % 7 for number in range(1000)], parts, seed=2).count("training")
                except UserError as refused:
                    yield str(refused)
    cells = {(cell.dataset, cell.resolution): cell for cell in spec.load().cells}
    for cell in cells.values():
        yield _images(cell, "validation"), _images(cell, "btfer"), trained(cell)


def evaluation() -> Iterator[Any]:
    import numpy as np

    from ferspec.implementation import released

    rng = np.random.default_rng(5)
    labels = rng.integers(0, 6, 80)
    predictions = np.where(rng.random(80) < 0.6, labels, rng.integers(0, 6, 80))
    rows = rng.dirichlet(np.ones(7), 80)
    rows[np.arange(80), labels] += (predictions == labels) * 0.7
    rows /= rows.sum(axis=1, keepdims=True)
    rows[0] = np.eye(7)[(labels[0] + 1) % 7]
    both = labels.tolist(), predictions.tolist()
    yield released.metrics(*both), released.rounded(0.123456), released.proportion_interval(7, 20)
    yield released.f1_interval(*both)
    yield released.calibration_error(labels.tolist(), rows.tolist())
    yield released.negative_log_likelihood(labels.tolist(), rows.tolist())
    other = np.where(rng.random(80) < 0.5, labels, predictions).tolist()
    for worse in range(0, 40, 8):
        yield released.compare(labels.tolist(), predictions.tolist(), [*other[worse:], *predictions[:worse].tolist()])
    small = [10.0**-power for power in range(5)]
    yield released.named_mistakes(small, [1.0] * 5), released.named_mistakes([0.0] * 60, [0.001 * n for n in range(60)])
    yield [
        (n, [released.mean_difference([0.1 * k for k in range(n)], [str(k) for k in range(n)], "network")])
        for n in range(6)
    ]


def tolerances() -> Iterator[Any]:
    """Return how small and large deviations of models, certificates, runs and tables of results are judged."""
    import numpy as np

    from ferspec import spec
    from ferspec.checks.certificate import verification
    from ferspec.checks.certificate.differences import first_difference
    from ferspec.checks.model import behaviour
    from ferspec.checks.run.artifacts import files, training
    from ferspec.checks.run.result_row import ResultRow, does_not_contradict_itself
    from ferspec.checks.run.schedule.rounded_losses import same_rate
    from ferspec.spec.records import Figures
    from ferspec.subjects.models.subject import ModelSubject

    asked: list[tuple[int, Any]] = []
    labels = np.arange(210) % 7
    off = np.full((210, 7), 1 / 7, np.float32)

    def run(indices: Any, batch_size: int | None = None) -> Any:
        asked.append((len(indices), np.asarray(indices).tolist(), batch_size))
        return off[indices] + len(asked) % 2 * 0.01

    subject = SimpleNamespace(outputs=off, probabilities=off * 1.01, run=run, labels=labels, dataset=labels, model=None)
    subject.spread = lambda count: ModelSubject.spread(subject, count)
    for check in (
        behaviour.gives_probabilities,
        behaviour.is_deterministic,
        behaviour.ignores_batch_size,
        behaviour.ignores_order,
    ):
        yield check(subject)
    yield asked

    sizes: list[int] = []
    predicting = SimpleNamespace(
        dataset=SimpleNamespace(labels=labels, image=lambda _: np.zeros((4, 4, 3), np.uint8)),
        contract=SimpleNamespace(input=_input()),
        _run_batch=lambda batch: sizes.append(len(batch)) or np.zeros((len(batch), 7)),
    )
    ModelSubject.run(predicting, np.arange(100))
    yield sizes

    for step in STEPS:
        yield first_difference({"figure": 1.0}, {"figure": 1.0 + step}).status
        yield same_rate(1.0, 1.0 + step), training._same_rate(1.0, 1.0 + step)
    again, stated = (SimpleNamespace(probabilities=off + shift) for shift in (0.0, 0.5))
    keep = verification._probabilities, verification._findings
    verification._probabilities, verification._findings = (lambda report: report.probabilities), (lambda report: {})
    yield verification.predictions_come_again(SimpleNamespace(certified_again=again, report=stated))
    verification._probabilities, verification._findings = keep

    parts = {"validation": [0] * 100, "training": [0] * 100}
    seen = SimpleNamespace(parts=parts, trained_under_other_names=60, repeated={"training": 70})
    yield list(files._same_pictures(seen))
    for shift in range(0, 40):
        row = Figures(val_recall=0.5, val_accuracy=0.5 + shift / 1000, val_precision=0.5, val_f1=0.5 + shift / 1000)
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
        yield len(list(training._misweighed(folder)))
    yield from _figures_of_a_run()


def _figures_of_a_run() -> Iterator[Any]:
    """Return whether the record of a run is accepted that is off by so much."""
    import numpy as np

    from ferspec.checks.run.artifacts import metrics, training
    from ferspec.subjects.runs.artifacts.predictions import RunPredictions

    labels = np.arange(640) % 7
    predicted = np.where(np.arange(640) % 3, labels, 0)
    names = tuple(map(str, range(640)))
    part = RunPredictions(names, names, labels, predicted, np.eye(7, dtype=np.float32)[predicted])
    settings = SimpleNamespace(profile="released", global_batch=64)
    stated = metrics.report_of({"validation": part}, "a cell", "released", metrics._few())
    for step in STEPS:
        best = SimpleNamespace(val_accuracy=float((labels == predicted).mean()) + step)
        run = SimpleNamespace(best=best, settings=settings, cell="a cell")
        edited = stated.model_copy(deep=True)
        object.__setattr__(edited.parts["validation"].metrics.accuracy, "value", best.val_accuracy)
        folder = SimpleNamespace(run=run, predictions={"validation": part}, report=edited)
        yield len(list(training._other_accuracy(folder))), len(list(metrics._misreported(folder)))


def _input() -> Any:
    from ferspec.subjects.models.contracts.contract import Input

    return Input(size=(4, 4), range=(0.0, 1.0))


def grid() -> Iterator[Any]:
    from ferspec import spec
    from ferspec.grid.bands.bands import bands_of
    from ferspec.grid.costs import cost_of
    from ferspec.implementation import Implementation

    for profile in PROFILES:
        own = Implementation(profile)
        yield [own.band(0.5, 0.001 * sd, 40, 1, 0, 2000) for sd in range(1, 9)]
        yield own.cells(), own.replicates(), [own.agreement([n / 400]) for n in range(20)]
        for cell in spec.load().cells:
            yield own.published(cell.architecture, cell.weights, cell.resolution, cell.dataset, cell.balancing)
            yield bands_of(cell, profile)
    yield [cost_of(cell) for cell in spec.load().cells], [cell.agreement for cell in spec.load().cells]


def findings() -> Iterator[Any]:
    from ferspec.grid.findings.findings import findings as found
    from ferspec.grid.judging.results import published

    for profile in PROFILES:
        results = published(profile)
        yield [finding.model_dump(exclude={"title", "place"}) for finding in found(results, profile).findings]
        of_rafdb = [result for result in results if "-48-rafdb" in result.cell]
        known = [result for result in results if result not in of_rafdb[:6]]
        yield [finding.outcome for finding in found(known, profile).findings]


def errata() -> Iterator[Any]:
    from ferspec import spec
    from ferspec.reference.models import errata_of

    yield [errata_of(network) for network in spec.load().networks]
    yield [[erratum.id for erratum in spec.load().errata if cell.id in erratum.cells] for cell in spec.load().cells]


def networks() -> Iterator[Any]:
    """Return the tables that networks are held against, their totals, and how Keras builds one with a head."""
    from ferspec.reference.models import outline, rows, table_of
    from ferspec.spec.layers import layer_table

    for profile in PROFILES:
        for row in rows():
            yield row, row.parameters, row.trainable_parameters
            yield layer_table(row.network, row.weights, row.resolution, profile)
        yield table_of(outline("VGG16", 48, "imagenet", profile=profile))
        yield from network("sequential4conv")


def network(name: str) -> Iterator[Any]:
    """Return the tables of a self-built network, or of the head, and how Keras builds it."""
    from ferspec.reference.models import outline, rows, table_of
    from ferspec.spec.layers import layer_table

    name = {"head": "vgg16"}.get(name, name)
    for row in rows():
        if row.network.lower() == name:
            for profile in PROFILES:
                yield layer_table(row.network, row.weights, row.resolution, profile)
                yield table_of(outline(row.network, row.resolution, row.weights, profile=profile))


def answers() -> Iterator[Any]:
    """Return which parts may decide rate, stopping and checkpoint, and over which batches evaluations are asked for."""
    from ferspec.checks.generator import checks_for_implementation
    from ferspec.subjects.implementations.subject import Direct, ImplementationSubject

    for profile in PROFILES:
        for part in ("training", "validation", "BTFER"):
            subject = ImplementationSubject(Direct(SimpleNamespace(monitored_split=lambda part=part: part)), profile)
            yield [check.run(subject).status for check in checks_for_implementation() if check.clause == "FER-V-04"]
    asked: list[int] = []
    evaluated = SimpleNamespace(evaluated_images=lambda images, batch_size: asked.append(batch_size) or images)
    for check in checks_for_implementation():
        if check.clause == "FER-V-03":
            check.run(ImplementationSubject(Direct(evaluated)))
    yield sorted(set(asked))


def promises() -> Iterator[Any]:
    """Return whether bands so many times as wide as the protocol's keep what FER-G-08 promises of bands."""
    from ferspec.checks.generator import checks_for_implementation
    from ferspec.implementation import released
    from ferspec.subjects.implementations.subject import Direct, ImplementationSubject

    for times in (0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0):

        def band(expected: float, times: float = times, **known: Any) -> list[float]:
            return [expected + times * (end - expected) for end in released.band(expected, **known)]

        subject = ImplementationSubject(Direct(SimpleNamespace(spread=released.spread, band=band)))
        yield [check.run(subject).status for check in checks_for_implementation() if check.clause == "FER-G-08"]


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


PARTS: dict[str, Callable[[], Iterator[Any]]] = {
    part.__name__: part
    for part in (
        classes,
        training,
        optimizer,
        augmentation,
        images,
        datasets,
        evaluation,
        tolerances,
        grid,
        findings,
        errata,
        networks,
        answers,
        promises,
    )
}
