"""A finished miniature training: images whose mean colour is their class, and a network that reads it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.environment import environment
from ferspec.grid.training.evaluate import predict_split
from ferspec.grid.training.writing import write_artifacts, write_record
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.subjects.datasets.decode import pixel_digest
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.datasets.pixel_store import PixelStore
from ferspec.subjects.datasets.subject import synthetic_dataset
from ferspec.subjects.runs.artifacts.record import Best, Phase, RunRecord, Settings, Start
from ferspec.subjects.runs.data.splits import ImageSplit, TrainingData
from helpers import miniatures

CELL = "sequential4conv-scratch-48-synthetic-conservative"
CONTRACT = miniatures.contract(resize="nearest")
SETTINGS = Settings(profile="released", seed=3, global_batch=64, replicas=1)
SIZE = (miniatures.SIZE, miniatures.SIZE)
HISTORY = tuple(
    EpochRow(
        epoch=epoch, accuracy=0.1 + epoch / 7, learning_rate=1e-4, loss=2 / 3, val_accuracy=0.3, val_loss=1.7, phase=1
    )
    for epoch in range(3)
)


def patches(per_class: int, seed: int) -> ImageSplit:
    """Return a part of noisy patches of the colours that stand for the classes."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(miniatures.CLASSES)), per_class)
    images = miniatures.CENTRES[labels][:, None, None] + rng.normal(0, 60, (len(labels), *SIZE, 3))
    return split_of("patches", images.clip(0, 255).astype(np.uint8), labels)


def split_of(dataset: str, images: np.ndarray, labels: np.ndarray) -> ImageSplit:
    """Return images (n, h, w, 3) uint8 with their labels as a part."""
    store = PixelStore(len(images), SIZE)
    entries = []
    for index, image in enumerate(images):
        store.write(index, image)
        entries.append(
            Entry(
                path=f"{miniatures.CLASSES[labels[index]]}/{index:04}, a face.png",
                bytes_sha256=hashlib.sha256(image.tobytes()).hexdigest(),
                pixels_sha256=pixel_digest(image),
                height=SIZE[0],
                width=SIZE[1],
                label=miniatures.CLASSES[labels[index]],
            )
        )
    return ImageSplit(dataset, labels, tuple(entries), store)


def faces(per_class: int, size: int, seed: int) -> ImageSplit:
    """Return synthetic faces as the part that a run on synthetic faces is tested on."""
    from ferspec.subjects.models.preprocess import prepare_batch
    from ferspec.subjects.runs.artifacts.record import Drawn

    drawn = synthetic_dataset(per_class, size, seed)
    as_pixels = CONTRACT.input.model_copy(update={"range": (0.0, 255.0)})
    images = prepare_batch([drawn.image(index) for index in range(len(drawn))], as_pixels).astype(np.uint8)
    store = PixelStore(len(drawn), SIZE)
    for index, image in enumerate(images):
        store.write(index, image)
    known = Drawn(counts=(per_class,) * len(miniatures.CLASSES), drawn_at=size, size=size, seed=seed)
    return ImageSplit(drawn.name, drawn.labels, drawn.manifest(), store, drawn=known)


def data() -> TrainingData:
    """Return three parts of patches; the two that are tested on are not whole batches of 64."""
    return TrainingData(patches(4, seed=1), patches(10, seed=2), patches(11, seed=3))


def network(sharpness: float = 80.0) -> Any:
    """Return a Keras network that gives the probabilities of ``miniatures.right``, where ``sharpness`` is 80."""
    import keras

    inputs = keras.Input((*SIZE, 3))
    mean = keras.layers.GlobalAveragePooling2D()(inputs)
    last = keras.layers.Dense(len(miniatures.CLASSES), activation="softmax")
    built = keras.Model(inputs, last(mean))
    # of -40 times the squared distance to each centre, the part that all classes share is left out
    centres = miniatures.CENTRES / 255
    last.set_weights([sharpness * centres.T, -sharpness / 2 * (centres**2).sum(axis=1)])
    built.compile(keras.optimizers.Adam(), "categorical_crossentropy", metrics=["accuracy"])
    return built


def begin(folder: Path, images: TrainingData) -> RunRecord:
    """Write the record that a training begins with, and return it."""
    known = spec.load()
    parts = images.splits
    run = RunRecord(
        cell=CELL,
        status="running",
        settings=SETTINGS,
        deviations=(),
        start=Start(kind="scratch"),
        class_weights=dict.fromkeys(known.classes, 1.0),
        data={name: part.record() for name, part in parts.items()},
        environment=environment({}),
        spec_version=known.version,
        spec_digest=known.digest,
    )
    write_record(folder, run)
    return run


def finish(folder: Path, run: RunRecord, images: TrainingData, trained: Any) -> RunRecord:
    """Write the artifacts of a training that has ended, and return its record."""
    ended = run.model_copy(
        update={
            "phases": (Phase(phase=1, frozen=False, initial_rate=1e-4, epochs=3, ended="early stopping"),),
            "best": Best(epoch=0, phase=1, val_accuracy=0.3),
        }
    )
    tested = {name: part for name in ("validation", "btfer") if (part := getattr(images, name)) is not None}
    predictions = {name: predict_split(trained.predict_on_batch, part, CONTRACT, 64) for name, part in tested.items()}
    return write_artifacts(folder, ended, trained, CONTRACT, predictions, images, HISTORY)


def finished_run(folder: Path, images: TrainingData | None = None) -> RunRecord:
    """Write a whole run into a folder and return its record."""
    images = images or data()
    return finish(folder, begin(folder, images), images, network())
