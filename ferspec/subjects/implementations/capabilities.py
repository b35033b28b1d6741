"""What an implementation of the protocol can be asked: one method, one signature and one sentence for each capability.

An implementation offers any of them; what it lacks is not evaluated. Names of arguments are those given here. Arguments
and answers are what JSON can carry: an image is a list of rows of pixels of channel values, a class its name, a class
index or label an integer from 0 in the order of ``classes``, a part one of "training" and "validation".
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Protocol

Image = list[list[list[float]]]


class Capabilities(Protocol):
    """The catalogue: everything that the checks on an implementation ask for."""

    # classes

    def classes(self) -> list[str]:
        """Return the names of the classes in the order of labels and outputs."""

    def class_of_name(self, name: str) -> str | None:
        """Return the class that a word such as "happiness" or "ANGRY" means, None for a word that means none."""

    def class_of_label(self, label: int, dataset: str) -> str | None:
        """Return the class that an integer label of "RAF-DB", "FER2013" or "AffectNet" means, None for none."""

    # class weights

    def class_weights(self, counts: list[int], balancing: str) -> list[float]:
        """Return a weight per class, "simple" or "conservative", from the training images of each class."""

    def weights_of_dataset(self, labels: list[int], parts: list[str], balancing: str) -> list[float]:
        """Return a weight per class from the labels of all images of a dataset and the part that each of them is in."""

    def losses(self, labels: list[int], probabilities: list[list[float]], class_weights: list[float]) -> list[float]:
        """Return the loss that each image contributes while training, not averaged."""

    # augmentation

    def augmentation_parameters(self, count: int, height: int, width: int, seed: int) -> list[dict[str, Any]]:
        """Draw the change of that many images: rotation in degrees, height_shift and width_shift in pixels, zoom as
        [first, second] with a factor above 1 showing more of the image, flip as true or false; the same seed gives the
        same answer, another seed another, and what else is told of an image changes nothing of it."""

    def augment(self, image: Image, parameters: dict[str, Any]) -> Image:
        """Return an image (0 to 255) changed by these parameters and rescaled, as a network is trained on it."""

    def augmented_parts(self) -> list[str]:
        """Return which of "training", "validation" and "BTFER" are augmented."""

    def augmentation_ranges(self, architecture: str) -> dict[str, float]:
        """Return the ranges a network is augmented with: rotation_degrees, width_shift, height_shift, zoom and
        flip_probability, and the range of whatever else is drawn."""

    def augmentation_stream(
        self, count: int, batch_size: int, height: int, width: int, seed: int, epochs: int
    ) -> list[dict[str, Any]]:
        """Return every batch of that many epochs, a partial last one too, as Keras' generator makes it from a seed:
        indices, those of its images, and parameters, a change for each as augmentation_parameters names them."""

    # images and datasets

    def resize(self, image: Image, height: int, width: int) -> Image:
        """Return an image (0 to 255) of another size, as the protocol resizes it."""

    def three_channels(self, image: Image) -> Image:
        """Return an image of one, three or four channels as the three that networks see."""

    def network_input(self, image: Image, architecture: str, weights: str) -> Image:
        """Return an evaluated image (0 to 255, three channels, of any size) with the values that the network is fed,
        its size unchanged."""

    def face_box(self, box: list[int], height: int, width: int) -> list[int]:
        """Return what is cut out around a detected face, within an image of that height and width; boxes are [left,
        top, right, bottom] in pixels, ends exclusive."""

    def dataset_counts(self, dataset: str) -> list[int]:
        """Return the images of each class in "RAF-DB", "FER2013", "AffectNet" or "BTFER"."""

    def image_size(self, dataset: str) -> list[int]:
        """Return height, width and channels of the images of a dataset as they are distributed."""

    def split(self, dataset: str, labels: list[int], parts: list[str] | None, seed: int) -> list[str]:
        """Return the part that each image of "RAF-DB" or "AffectNet" is used in, from their labels and from the parts
        that the dataset itself has them in, null where it has none; the same seed gives the same answer,
        another seed another."""

    def part_of_usage(self, usage: str) -> str:
        """Return the part of a FER2013 image from its Usage: "Training", "PublicTest" or "PrivateTest"."""

    def conflicting_labels(self, digests: list[str], labels: list[int]) -> list[str]:
        """Return the digests of pictures that occur under more than one class."""

    def leaked_images(self, training: list[str], validation: list[str], btfer: list[str]) -> list[str]:
        """Return the digests of BTFER pictures that must not be there since they are trained or validated on."""

    def identifying_entries(self, file: str) -> list[str]:
        """Return what in an image file, given in base64, may identify people: of "EXIF", "XMP", "IPTC", "comment"."""

    # networks

    def architectures(self) -> list[str]:
        """Return the names of the architectures, one for each that is counted: under "paper" of each row of Table 2."""

    def starting_weights(self, architecture: str) -> list[str]:
        """Return what a network is trained from: of "imagenet", "vggface" and "scratch", those that the grid has."""

    def parameter_total(self, architecture: str, weights: str, resolution: int) -> int:
        """Return the number of parameters of a network with its head of seven classes."""

    def layer_table(self, architecture: str, weights: str, resolution: int) -> list[dict[str, Any]]:
        """Return the layers of a network in order, head included, as "ferspec models show --json" writes them: number
        from 1, type as Keras names it, output shape without the batch, parameters, numbers of its inputs, settings."""

    def head(self, weights: str) -> list[dict[str, Any]]:
        """Return the layers that follow a pre-trained base, in order, named as Keras names them: layer, and where it
        has them units, activation and rate."""

    # schedule

    def hyperparameters(self, architecture: str) -> dict[str, Any]:
        """Return what a network is trained with, in Keras' names: optimizer, beta_1, beta_2, learning_rate, loss,
        plateau_monitor, plateau_patience, factor, minimum_rate, plateau_min_delta, stopping_monitor,
        stopping_patience; and where they are other than Keras' defaults, cooldown, amsgrad, weight_decay."""

    def learning_rates(self, val_losses: list[float], initial_rate: float) -> list[float]:
        """Return the rate that every epoch of a phase is trained with, from the validation losses of its epochs: as
        many rates as losses, early stopping left aside."""

    def stopping_epoch(self, val_losses: list[float]) -> int | None:
        """Return the epoch, from 0, after which a phase stops early, None where it does not within these losses."""

    def best_epoch(self, val_accuracies: list[float], val_losses: list[float]) -> int:
        """Return the epoch, from 0, whose weights are kept."""

    def phases(self, weights: str) -> list[dict[str, Any]]:
        """Return the phases of a training: frozen, "base" or null, and epochs, how many at most, null for no limit."""

    def batch_size(self, gpus: int) -> int:
        """Return the images of one training step over all GPUs."""

    def steps_per_epoch(self, images: int, batch_size: int) -> int:
        """Return the training steps of an epoch."""

    # evaluation

    def evaluated_parts(self) -> list[str]:
        """Return which of "training", "validation" and "BTFER" a finished training is reported on."""

    def evaluated_images(self, images: int, batch_size: int) -> int:
        """Return how many images of a part an evaluation counts."""

    def monitored_split(self) -> str:
        """Return the part that plateau rule, early stopping and checkpoint watch."""

    def metrics(self, labels: list[int], predictions: list[int]) -> dict[str, Any]:
        """Return accuracy, precision, recall and f1 averaged by support, per_class with the lists precision, recall
        and f1, null where a class has none, and undefined, the names of the classes never predicted."""

    def predicted_classes(self, outputs: list[list[float]]) -> list[int]:
        """Return the label predicted by each row of outputs."""

    def rounded(self, figure: float) -> float:
        """Return a figure as the tables print it."""

    # statistics

    def proportion_interval(self, successes: int, n: int) -> list[float]:
        """Return the confidence interval [low, high] of a share."""

    def f1_interval(self, labels: list[int], predictions: list[int]) -> list[float]:
        """Return the confidence interval [low, high] of the F1 averaged by support."""

    def calibration_error(self, labels: list[int], probabilities: list[list[float]]) -> float:
        """Return the expected calibration error."""

    def calibration_interval(self, labels: list[int], probabilities: list[list[float]]) -> list[float]:
        """Return the confidence interval [low, high] of the expected calibration error."""

    def negative_log_likelihood(self, labels: list[int], probabilities: list[list[float]]) -> float:
        """Return the mean negative log-likelihood in nats."""

    def compare(self, labels: list[int], first: list[int], second: list[int]) -> dict[str, Any]:
        """Return p of the accuracies of two models, better ("first", "second" or "tie"), low and high of the
        difference first minus second, and images_to_decide, an integer or null, for a tie."""

    def named_mistakes(self, p_values: list[float], gains: list[float]) -> list[int]:
        """Return the positions of the mistakes that a diagnosis names, from p and gain in accuracy of all tried."""

    # the grid

    def cells(self) -> list[dict[str, Any]]:
        """Return the cells of the grid: architecture, weights, resolution, dataset and balancing of each."""

    def published(self, architecture: str, weights: str, resolution: int, dataset: str, balancing: str) -> dict:
        """Return the published figures of a cell: printed and released, each with val_ and btfer_ precision, recall,
        f1 and accuracy, null for what is not known."""

    def agreement(self, distances: list[float]) -> str:
        """Return "agree", "near" or "differ" from the distances of a cell's printed figures from the released ones."""

    def replicates(self) -> list[list[str]]:
        """Return the pairs of cells that are one configuration trained twice, as ids like those of "ferspec grid
        list"."""

    def spread(self, differences: list[float]) -> float:
        """Return the standard deviation of single runs whose pairs lie that far apart."""

    def grid_spread(self, figure: str, resolution: int) -> dict[str, float]:
        """Return how far single runs of the grid lie apart in a figure such as "btfer_accuracy" at a resolution: pairs,
        how many replicates tell, sd and typical, the plain and the robust standard deviation."""

    def band(self, expected: float, sd: float, pairs: int, runs: int, dropped: int, images: int) -> list[float]:
        """Return the band [low, high] of a figure for the mean of so many further runs, from its expected value, the
        standard deviation of single runs, the pairs that comes from, and the images that its evaluation dropped."""

    # findings

    def mean_difference(self, differences: list[float], architectures: list[str], unit: str) -> dict[str, Any] | None:
        """Return value, low and high of the mean of the differences of pairs of cells, each of the architecture named,
        by a confidence interval over the unit, "network" (an architecture) or "pair"; null for too few of them."""


@dataclass(frozen=True)
class Capability:
    """One entry of the catalogue: its name, the names of its arguments, its signature and its sentence."""

    name: str
    arguments: tuple[str, ...]
    signature: str
    sentence: str


def _catalogue() -> dict[str, Capability]:
    """Return the catalogue by name, in the order of the page."""
    entries = {}
    for name, method in vars(Capabilities).items():
        if name.startswith("_") or not inspect.isfunction(method):
            continue
        signature = inspect.signature(method)
        kept = [parameter for parameter in signature.parameters.values() if parameter.name != "self"]
        entries[name] = Capability(
            name,
            tuple(parameter.name for parameter in kept),
            f"{name}{signature.replace(parameters=kept)}".replace("'", ""),
            " ".join(inspect.getdoc(method).split()),
        )
    return entries


CATALOGUE = _catalogue()
