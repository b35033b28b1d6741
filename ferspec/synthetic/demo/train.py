"""Trains the demo model on synthetic faces: ``python -m ferspec.synthetic.demo.train --out FOLDER``.

Writes ``model.tflite``, ``contract.toml`` and ``record.json`` (seeds, counts, history, accuracies, versions). The same
seeds give the same images; trained weights differ between machines, which sum floats in different orders. A model
trained on synthetic faces, and its accuracy on them, say nothing about people.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import tomli_w

from ferspec.synthetic import synthetic_images
from ferspec.synthetic.demo.network import SIZE, small_cnn
from ferspec.synthetic.tables import CLASSES

if TYPE_CHECKING:
    import keras

RENDERED = 256
STATEMENT = "Synthetic faces certify nothing about people."
CONTRACT: dict[str, Any] = {
    "input": {
        "size": [SIZE, SIZE],
        "colour": "rgb",
        "range": [0.0, 1.0],
        "resize": "area",
        "antialias": False,
        "layout": "channels_last",
    },
    "output": {"classes": list(CLASSES), "kind": "probabilities"},
}
_REGULARISATION = (0.003, 0.01, 0.03)


@dataclass(frozen=True)
class Settings:
    """The settings of one training: images per class, seeds and schedule."""

    training_per_class: int = 1200
    validation_per_class: int = 150
    test_per_class: int = 300
    training_seed: int = 101
    validation_seed: int = 202
    test_seed: int = 303
    weights_seed: int = 7
    epochs: int = 14
    batch_size: int = 64
    learning_rate: float = 2e-3


def rendered(per_class: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images (n, 48, 48, 3) uint8 and labels 0 to 6.

    Images are resized by area from 256 pixels.
    """
    images, labels = [], []
    for image in synthetic_images(per_class, RENDERED, seed):
        images.append(cv2.resize(image.pixels, (SIZE, SIZE), interpolation=cv2.INTER_AREA))
        labels.append(CLASSES.index(image.label))
    return np.stack(images), np.array(labels)


def unit(images: np.ndarray) -> np.ndarray:
    """Return uint8 images as float32 in [0, 1], as the contract says."""
    return images.astype(np.float32) / 255.0


def fit(settings: Settings, training: tuple, validation: tuple) -> tuple[keras.Model, dict[str, list[float]]]:
    """Return the network of the best epoch by validation loss, and the training history."""
    import keras
    import tensorflow as tf

    model = small_cnn(len(CLASSES), settings.weights_seed)
    slight = keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal", seed=1),
            keras.layers.RandomTranslation(0.06, 0.06, fill_mode="nearest", seed=2),
            keras.layers.RandomBrightness(0.12, value_range=(0.0, 1.0), seed=3),
        ]
    )

    def augmented(image: Any, label: Any) -> tuple:
        return slight(image, training=True), label

    images, labels = unit(training[0]), keras.utils.to_categorical(training[1], len(CLASSES))
    batches = (
        tf.data.Dataset.from_tensor_slices((images, labels))
        .shuffle(len(images), seed=settings.weights_seed)
        .batch(settings.batch_size)
        .map(augmented)
        .prefetch(2)
    )
    steps = -(-len(images) // settings.batch_size) * settings.epochs
    schedule = keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)
    model.compile(keras.optimizers.Adam(schedule), "categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        batches,
        epochs=settings.epochs,
        shuffle=False,
        validation_data=(unit(validation[0]), keras.utils.to_categorical(validation[1], len(CLASSES))),
        callbacks=[keras.callbacks.EarlyStopping("val_loss", patience=settings.epochs, restore_best_weights=True)],
        verbose=2,
    )
    return model, {name: [round(float(v), 5) for v in values] for name, values in history.history.items()}


def linear_baseline(training: tuple, validation: tuple, test: tuple) -> dict[str, Any]:
    """Return the accuracy of logistic regression on grey pixels, with the best of three penalties."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    grey = [_grey(images) for images in (training[0], validation[0], test[0])]
    scaler = StandardScaler().fit(grey[0])
    x, held, final = (scaler.transform(pixels) for pixels in grey)
    fits = {c: LogisticRegression(C=c, max_iter=1000).fit(x, training[1]) for c in _REGULARISATION}
    scores = {c: float(fitted.score(held, validation[1])) for c, fitted in fits.items()}
    best = max(scores, key=lambda c: scores[c])
    right = int((fits[best].predict(final) == test[1]).sum())
    return {
        "model": "multinomial logistic regression, grey 48x48 pixels",
        "C": best,
        "validation": {str(c): score for c, score in scores.items()},
        **proportion(right, len(final)),
    }


def _grey(images: np.ndarray) -> np.ndarray:
    return (images @ np.array([0.299, 0.587, 0.114])).reshape(len(images), -1) / 255.0


def proportion(right: int, n: int) -> dict[str, Any]:
    """Return an accuracy with its 95 % Wilson interval."""
    from scipy.stats import binomtest

    interval = binomtest(right, n).proportion_ci(method="wilson")
    figures = {"accuracy": right / n, "low": float(interval.low), "high": float(interval.high)}
    return {**figures, "method": "Wilson 95 %", "n": n}


def train(out: Path, settings: Settings) -> dict[str, Any]:
    """Render, train, measure, and write model, contract and record to ``out``; return the record."""
    began = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    sets = {}
    for name in ("training", "validation", "test"):
        per_class, seed = getattr(settings, f"{name}_per_class"), getattr(settings, f"{name}_seed")
        print(f"rendering {name}: {len(CLASSES)} x {per_class} faces, seed {seed}", flush=True)
        sets[name] = rendered(per_class, seed)
    drawn = time.perf_counter()
    model, history = fit(settings, sets["training"], sets["validation"])
    fitted = time.perf_counter()
    predicted = model.predict(unit(sets["test"][0]), batch_size=64, verbose=0).argmax(axis=1)
    print("fitting the linear baseline", flush=True)
    linear = linear_baseline(sets["training"], sets["validation"], sets["test"])
    _save_model(model, out / "model.tflite")
    _write(out / "contract.toml", tomli_w.dumps(CONTRACT))
    record = {
        "statement": STATEMENT,
        "settings": asdict(settings),
        "rendered_size": RENDERED,
        "parameters": model.count_params(),
        "held_out": proportion(int((predicted == sets["test"][1]).sum()), len(predicted)),
        "recall": {name: float((predicted[sets["test"][1] == i] == i).mean()) for i, name in enumerate(CLASSES)},
        "linear": linear,
        "history": history,
        "seconds": {"rendering": round(drawn - began), "training": round(fitted - drawn)},
        "hardware": {"machine": platform.machine(), "system": platform.system(), "cores": os.cpu_count()},
        "versions": _versions(),
        "sha256": {name: _sha256(out / name) for name in ("model.tflite", "contract.toml")},
    }
    _write(out / "record.json", json.dumps(record, indent=1) + "\n")
    return record


def _versions() -> Mapping[str, str]:
    packages = ("keras", "tensorflow", "numpy", "opencv-python", "scikit-learn")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _save_model(model: keras.Model, path: Path) -> None:
    """Save the network for LiteRT, which is in the core install and starts quickly."""
    import tensorflow as tf

    unfinished = path.with_name(f"unfinished-{path.name}")
    unfinished.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    unfinished.replace(path)


def _write(path: Path, text: str) -> None:
    unfinished = path.with_name(f"unfinished-{path.name}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def main(arguments: list[str] | None = None) -> None:
    """Read the settings from the command line, train, and print what was measured."""
    parser = argparse.ArgumentParser(prog="python -m ferspec.synthetic.demo.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for model, contract and record")
    for name, value in asdict(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    given = vars(parser.parse_args(arguments))
    record = train(given.pop("out"), Settings(**given))
    for name in ("held_out", "linear"):
        figures = record[name]
        print(
            f"{name}: {figures['accuracy']:.3f} [{figures['low']:.3f}, {figures['high']:.3f}] of {figures['n']} faces"
        )


if __name__ == "__main__":
    main()
