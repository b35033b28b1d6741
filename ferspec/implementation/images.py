"""Answer the capabilities for augmentation, images and datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferspec import spec
from ferspec.errors import UserError
from ferspec.spec.records import Profile
from ferspec.subjects.implementations.capabilities import Image

if TYPE_CHECKING:
    from ferspec.reference.augmentation.parameters import Parameters


class ImageCapabilities:
    """Answer for augmentation, image preparation and datasets."""

    profile: Profile

    # augmentation

    def augmentation_parameters(self, count: int, height: int, width: int, seed: int) -> list[dict[str, Any]]:
        import numpy as np

        from ferspec.reference.augmentation.parameters import draws, parameters_from

        uniform = np.random.default_rng(seed).random((count, len(draws())))
        return _as_dicts(parameters_from(uniform, (height, width)))

    def augment(self, image: Image, parameters: dict[str, Any]) -> Image:
        import numpy as np

        from ferspec.reference.augmentation.scaling import scaled
        from ferspec.reference.augmentation.warp import augmented
        from ferspec.reference.models.preprocessing import RESCALED

        batch = augmented(np.array([image], np.float32), _as_batch(parameters))
        return scaled(batch, RESCALED)[0].tolist()

    def augmented_splits(self) -> list[str]:
        return ["training"]

    def augmentation_ranges(self, architecture: str) -> dict[str, float]:
        book, clauses = spec.load(), ("FER-A-02", "FER-A-03", "FER-A-04", "FER-A-05")
        return {name: book.number(clause, name) for clause in clauses for name in book.clause(clause).values}

    def augmentation_stream(
        self, count: int, batch_size: int, height: int, width: int, seed: int, epochs: int
    ) -> list[dict[str, Any]]:
        from ferspec.reference.augmentation.stream import Stream

        stream = Stream(count, batch_size, seed)
        batches = (
            stream.batch(*divmod(number, stream.batches), (height, width)) for number in range(epochs * stream.batches)
        )
        return [{"indices": indices.tolist(), "parameters": _as_dicts(parameters)} for indices, parameters in batches]

    # images and datasets

    def resize(self, image: Image, height: int, width: int) -> Image:
        import numpy as np

        from ferspec.subjects.models.preprocess import resize

        pixels = np.array(image, np.uint8)
        method = spec.load().text("FER-P-08", "resize")
        return resize(pixels, (height, width), method).reshape(height, width, pixels.shape[2]).tolist()

    def three_channels(self, image: Image) -> Image:
        import numpy as np

        from ferspec.subjects.datasets.decode import gray_to_rgb

        pixels = np.array(image, np.uint8)
        return (gray_to_rgb(pixels[:, :, 0]) if pixels.shape[2] == 1 else pixels[:, :, :3]).tolist()

    def network_input(self, image: Image, architecture: str, weights: str) -> Image:
        import numpy as np

        from ferspec.reference.augmentation.scaling import scaled
        from ferspec.reference.models.building import preprocessing_of

        batch = np.array([image], np.float32)
        return scaled(batch, preprocessing_of(architecture, weights, self.profile))[0].tolist()

    def face_box(self, box: list[int], height: int, width: int) -> list[int]:
        margin = spec.load().integer("FER-D-07", "margin")
        left, top, right, bottom = box
        return [max(left - margin, 0), max(top - margin, 0), min(right + margin, width), min(bottom + margin, height)]

    def dataset_counts(self, dataset: str) -> list[int]:
        return list(spec.load().datasets[dataset].counts)

    def image_size(self, dataset: str) -> list[int]:
        record = spec.load().datasets[dataset]
        return [*record.size, 3 if record.colour == "rgb" else 1]

    def split(self, dataset: str, labels: list[int], splits: list[str] | None, seed: int) -> list[str]:
        import numpy as np

        from ferspec.reference.splits import split_by_class, splits_anew

        record = spec.load().datasets[dataset]
        joined = record.training_percent is not None and splits_anew(self.profile)
        if splits is not None and not joined:
            return splits
        if record.training_percent is not None and not joined:
            raise UserError(f"the profile paper uses the published splits of {dataset}: give the split of each image")
        percent = record.training_percent or _percent_of_the_runs(record)
        training, _ = split_by_class(np.array(labels), percent, seed)
        chosen = set(training.tolist())
        return ["training" if index in chosen else "validation" for index in range(len(labels))]

    def split_of_usage(self, usage: str) -> str:
        from ferspec.subjects.datasets.readers.splits import TEST_SPLITS, TRAINING_SPLIT

        return {TRAINING_SPLIT: "training", **dict.fromkeys(TEST_SPLITS, "validation")}[usage]

    def conflicting_labels(self, digests: list[str], labels: list[int]) -> list[str]:
        classes: dict[str, set[int]] = {}
        for digest, label in zip(digests, labels, strict=True):
            classes.setdefault(digest, set()).add(label)
        return [digest for digest, indices in classes.items() if len(indices) > 1]

    def leaked_images(self, training: list[str], validation: list[str], btfer: list[str]) -> list[str]:
        return sorted(set(btfer) & {*training, *validation})

    def identifying_entries(self, file: str) -> list[str]:
        from base64 import b64decode

        from ferspec.implementation.metadata import identifying

        return identifying(b64decode(file, validate=True))


def _as_dicts(parameters: Parameters) -> list[dict[str, Any]]:
    """Return the augmentation parameters of a batch as one dictionary per image."""
    named = {
        "rotation": parameters.rotation,
        "height_shift": parameters.height_shift,
        "width_shift": parameters.width_shift,
        "zoom": parameters.zoom,
        "flip": parameters.flip,
    }
    columns = zip(*(values.tolist() for values in named.values()), strict=True)
    return [dict(zip(named, values, strict=True)) for values in columns]


def _as_batch(parameters: dict[str, Any]) -> Parameters:
    """Return the augmentation parameters of one image as a batch of one."""
    import numpy as np

    from ferspec.reference.augmentation.parameters import Parameters

    return Parameters(
        rotation=np.array([parameters["rotation"]], float),
        height_shift=np.array([parameters["height_shift"]], float),
        width_shift=np.array([parameters["width_shift"]], float),
        zoom=np.array([parameters["zoom"]], float),
        flip=np.array([parameters["flip"]], bool),
    )


def _percent_of_the_runs(dataset: spec.Dataset) -> int:
    """Return the percentage of training images in the runs, rounded. It is the same at every resolution."""
    percents = {
        round(100 * training / (training + dataset.validation_totals[resolution]))
        for resolution, training in dataset.training_totals.items()
    }
    (percent,) = percents
    return percent
