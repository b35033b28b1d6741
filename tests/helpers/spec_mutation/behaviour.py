"""Values computed from the specification, in groups that are compared before and after a change.

Nothing is imported here before a part is computed, so that no module keeps a value of another specification. No part
shows a value as the data files state it where it can show what was computed with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from helpers.spec_mutation.inspected import copies, inspection
from helpers.spec_mutation.judgements import PROFILES, answers, logs, promises, screening, tolerances
from helpers.spec_mutation.questions import questions

ROUNDS = 60


def classes() -> Iterator[Any]:
    from ferspec import spec
    from ferspec.errors import UserError
    from ferspec.implementation import released
    from ferspec.subjects.datasets.readers.affectnet import _class_or_name

    yield released.classes()
    words = (
        "anger angered disgusted disgusting fearful afraid scared fearfulness happiness joy joyful neutrality sadness"
    )
    words += (
        " sorrow sorrowful surprised surprising contempt contemptuous angry disgust fear happy neutral sad surprise"
    )
    words += (
        " other others unknown uncertain ambiguous none noface nonface notaface nf anxiety helplessness disappointment"
        " calm bored boredom confused confusion excited excitement frustrated frustration pain sleepy ahegao"
    )
    for word in (*words.split(), "neutral expression", "no expression"):
        try:
            yield word, spec.load().class_index(word)
        except UserError as refused:
            yield word, str(refused)
    for dataset in ("protocol", "RAF-DB", "FER2013", "AffectNet"):
        yield [released.class_of_label(label, dataset) for label in range(-1, 12)]
    for label in range(13):
        try:
            yield label, _class_or_name(str(label))
        except UserError as refused:
            yield label, str(refused)


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
    yield from recognition()
    cells = {(cell.dataset, cell.resolution): cell for cell in spec.load().cells}
    for cell in cells.values():
        yield _images(cell, "validation"), _images(cell, "btfer"), trained(cell)


def recognition() -> Iterator[Any]:
    """Yield how a picture is described, and how many, how near and how whole pictures make a set BTFER."""
    import numpy as np

    from ferspec.spec.pictures import Pictures, ReducedPicture
    from ferspec.subjects.datasets.manifest import Entry
    from ferspec.subjects.datasets.recognition.recognise import recognise_under
    from ferspec.subjects.datasets.recognition.reduce import Reduction, reductions

    noise = np.random.default_rng(6).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    yield reductions(noise, "Sad")
    digests = [f"{number:064x}" for number in range(2000)]
    listed = Pictures(
        reduced=[ReducedPicture(sha256_rgb48=one, sha256_rgb48_label=one, bits256="0" * 64) for one in digests]
    )
    entries = [
        Entry(path=one, bytes_sha256=one, pixels_sha256=one, height=256, width=256, label="Sad") for one in digests
    ]
    shown = [Reduction(sha256_rgb48=one, sha256_rgb48_label=one, bits256="0" * 64, disagreement=0.0) for one in digests]
    for count in range(1850, 1951):
        yield recognise_under("pillow", entries[:count], shown[:count], listed).recognition.recognised
    other = shown[0].model_copy(update={"sha256_rgb48": "f" * 64})
    for steps in range(40):
        odd = other.model_copy(update={"bits256": f"{2**steps - 1:064x}", "disagreement": 0.05 * steps})
        yield recognise_under("pillow", entries[:1], [odd], listed).recognition


def evaluation() -> Iterator[Any]:
    import numpy as np

    from ferspec.implementation import released
    from ferspec.reference.margins import decide
    from ferspec.reference.slices import slices
    from ferspec.report.words import approximate

    rng = np.random.default_rng(5)
    labels = rng.integers(0, 6, 80)
    predictions = np.where(rng.random(80) < 0.6, labels, rng.integers(0, 6, 80))
    rows = rng.dirichlet(np.ones(7), 80)
    rows[np.arange(80), labels] += (predictions == labels) * 0.7
    rows /= rows.sum(axis=1, keepdims=True)
    rows[0] = np.eye(7)[(labels[0] + 1) % 7]
    both = labels.tolist(), predictions.tolist()
    yield released.metrics(*both), released.rounded(0.123456), released.proportion_interval(7, 20)
    yield released.f1_interval(*both), approximate(SimpleNamespace(n=80))
    yield released.calibration_error(labels.tolist(), rows.tolist())
    yield released.negative_log_likelihood(labels.tolist(), rows.tolist())
    other = np.where(rng.random(80) < 0.5, labels, predictions).tolist()
    for worse in range(0, 40, 8):
        yield released.compare(labels.tolist(), predictions.tolist(), [*other[worse:], *predictions[:worse].tolist()])
    yield decide(5, 5, 1018, 0.01), decide(30, 20, 2100, 0.005)
    yield released.group_intervals([10, 20], [31, 40])
    coins = np.random.default_rng(3).random(600)
    for share, threshold in ((0.55, 0.5), (0.5, 0.6), (0.97, 0.9), (0.3, 0.4)):
        yield released.sequential_decision((coins < share).astype(int).tolist(), threshold)
    place = np.arange(400)
    for columns in ((place // 20, place % 20), [place // 2**power % 2 for power in range(4)]):
        found, left_out = slices(place < 0, {str(number): column for number, column in enumerate(columns)})
        yield [one.columns for one in found], left_out
    small = [10.0**-power for power in range(5)]
    yield released.named_mistakes(small, [1.0] * 5), released.named_mistakes([0.0] * 60, [0.001 * n for n in range(60)])
    yield [
        (n, [released.mean_difference([0.1 * k for k in range(n)], [str(k) for k in range(n)], "network")])
        for n in range(6)
    ]


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
    from ferspec.grid.finding.findings import findings as found
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
    """Return the parameters that a training changes, and how Keras builds a network with a head and one without."""
    from ferspec import spec
    from ferspec.reference.models import outline, rows, table_of, weights_of
    from ferspec.spec.layers import base_of
    from ferspec.spec.recipes import self_built

    yield [(network, weights_of(network), self_built(network)) for network in spec.load().networks]
    starts = [(network, weights) for network in spec.load().networks for weights in weights_of(network)]
    yield [start for start in starts if base_of(*start) is not None]
    yield [(row, row.trainable_parameters) for row in rows()]
    for profile in PROFILES:
        yield table_of(outline("VGG16", 48, "imagenet", profile=profile))
        yield from network("sequential4conv")


def network(name: str) -> Iterator[Any]:
    """Return how Keras builds a network (or the head), and which wrong settings of it are detected."""
    from ferspec.reference.models import departure, outline, rows, table_of
    from ferspec.spec.layers import layer_table

    name = {"head": "vgg16"}.get(name, name)
    for row in rows():
        if row.network.lower() == name:
            for profile in PROFILES:
                model = outline(row.network, row.resolution, row.weights, profile=profile)
                # the one setting that no layer table of a built network has
                yield [layer.scale for layer in model.layers if type(layer).__name__ == "Rescaling"]
                built = table_of(model)
                stated = layer_table(row.network, row.weights, row.resolution, profile)
                yield built, departure(built, stated)
                yield [departure(wrong, stated) is None for wrong in _with_a_wrong_setting(built)]


def _with_a_wrong_setting(table: Sequence[Any]) -> Iterator[list[Any]]:
    """Yield the table with one setting of one layer replaced, for each setting of each layer."""
    for place, layer in enumerate(table):
        for name in layer.settings:
            wrong = layer.model_copy(update={"settings": {**layer.settings, name: "wrong"}})
            yield [*table[:place], wrong, *table[place + 1 :]]


# the cheapest first: of a change that no usual part shows, they are computed one after another
SPLITS: dict[str, Callable[[], Iterator[Any]]] = {
    part.__name__: part
    for part in (
        classes,
        augmentation,
        images,
        training,
        errata,
        screening,
        optimizer,
        answers,
        findings,
        networks,
        grid,
        promises,
        logs,
        evaluation,
        tolerances,
        datasets,
        questions,
        inspection,
        copies,
    )
}
