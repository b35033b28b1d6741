"""List the capabilities of an implementation: one method with its signature and description for each.

An implementation may offer any subset; the checks of missing capabilities are not evaluated. Argument names are fixed.
Arguments and answers are JSON values: an image is a list of rows of pixels of channel values, a class is its name, a
label is an integer from 0 in the order of ``classes``, a split is "training" or "validation".
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Protocol

Image = list[list[list[float]]]


class Capabilities(Protocol):
    """Define every request that the checks make of an implementation."""

    # classes

    def classes(self) -> list[str]:
        """Return the class names in the order of labels and outputs."""

    def class_of_name(self, name: str) -> str | None:
        """Return the class for a word such as "happiness", or None for an unknown word."""

    def class_of_label(self, label: int, dataset: str) -> str | None:
        """Return the class for a dataset's integer label, or None for an unknown label. The dataset is "RAF-DB",
        "FER2013" or "AffectNet"."""

    # class weights

    def class_weights(self, counts: list[int], balancing: str) -> list[float]:
        """Return a weight per class from the number of training images per class. The balancing is "simple"
        or "conservative"."""

    def weights_of_dataset(self, labels: list[int], splits: list[str], balancing: str) -> list[float]:
        """Return a weight per class from the label and split of every image."""

    def losses(self, labels: list[int], probabilities: list[list[float]], class_weights: list[float]) -> list[float]:
        """Return the weighted training loss of each image, not averaged."""

    # augmentation

    def augmentation_parameters(self, count: int, height: int, width: int, seed: int) -> list[dict[str, Any]]:
        """Draw augmentation parameters for count images. Each entry has rotation in degrees, height_shift and
        width_shift in pixels, zoom as [first, second], where a factor above 1 shows more of the image, and flip as true
        or false. The same seed gives the same answer, and different seeds give different answers. Keys beyond these
        have no effect."""

    def augment(self, image: Image, parameters: dict[str, Any]) -> Image:
        """Augment an image (0 to 255) with these parameters and rescale it for training."""

    def augmented_splits(self) -> list[str]:
        """Return the augmented splits, among "training", "validation" and "BTFER"."""

    def augmentation_ranges(self, architecture: str) -> dict[str, float]:
        """Return the augmentation ranges of a network. Keys are rotation_degrees, width_shift, height_shift, zoom,
        flip_probability, and the range of every other random transformation."""

    def augmentation_stream(
        self, count: int, batch_size: int, height: int, width: int, seed: int, epochs: int
    ) -> list[dict[str, Any]]:
        """Return every batch of these epochs in the order of Keras' generator for this seed. A partial last batch is
        included. Each entry has indices, the image indices of the batch, and parameters, one entry per image with the
        keys of augmentation_parameters."""

    # images and datasets

    def resize(self, image: Image, height: int, width: int) -> Image:
        """Resize an image (0 to 255) with the protocol's method."""

    def three_channels(self, image: Image) -> Image:
        """Convert an image of one, three or four channels to three channels."""

    def network_input(self, image: Image, architecture: str, weights: str) -> Image:
        """Return the network input for an evaluation image, at the same size. The image has values 0 to 255 and three
        channels."""

    def face_box(self, box: list[int], height: int, width: int) -> list[int]:
        """Return the crop box around a detected face, clipped to the image. Boxes are [left,
        top, right, bottom] in pixels, with exclusive ends."""

    def dataset_counts(self, dataset: str) -> list[int]:
        """Return the number of images per class in "RAF-DB", "FER2013", "AffectNet" or "BTFER"."""

    def image_size(self, dataset: str) -> list[int]:
        """Return height, width and channels of the images of a dataset, as distributed."""

    def split(self, dataset: str, labels: list[int], splits: list[str] | None, seed: int) -> list[str]:
        """Return the split of each image of "RAF-DB" or "AffectNet". splits holds the splits of the dataset as
        distributed, or null if it has none. The same seed gives the same answer, and different seeds give different
        answers."""

    def split_of_usage(self, usage: str) -> str:
        """Return the split of a FER2013 image from its Usage: "Training", "PublicTest" or "PrivateTest"."""

    def conflicting_labels(self, digests: list[str], labels: list[int]) -> list[str]:
        """Return the digests of images that have labels of more than one class."""

    def leaked_images(self, training: list[str], validation: list[str], btfer: list[str]) -> list[str]:
        """Return the digests of BTFER images that also occur in training or validation."""

    def identifying_entries(self, file: str) -> list[str]:
        """Return the metadata in an image file that may identify people. The file is in base64, and the answer lists
        "EXIF", "XMP", "IPTC" and "comment"."""

    # networks

    def architectures(self) -> list[str]:
        """Return the names of the counted architectures. The profile "paper" counts the rows of Table 2."""

    def starting_weights(self, architecture: str) -> list[str]:
        """Return the initial weights of an architecture in the grid, among "imagenet", "vggface" and "scratch"."""

    def parameter_total(self, architecture: str, weights: str, resolution: int) -> int:
        """Return the number of parameters of a network, including its head of seven classes."""

    def layer_table(self, architecture: str, weights: str, resolution: int) -> list[dict[str, Any]]:
        """Return the layers of a network in order, including the head. Each has the form of "ferspec models show
        --json": number from 1, Keras layer type, output shape without the batch axis, parameters, numbers of the input
        layers, settings."""

    def head(self, weights: str) -> list[dict[str, Any]]:
        """Return the layers after a pre-trained base, in order. Each has layer (its Keras type) and, where they apply,
        units, activation and rate."""

    # schedule

    def hyperparameters(self, architecture: str) -> dict[str, Any]:
        """Return the training hyperparameters by their Keras names. They are optimizer, beta_1, beta_2, learning_rate,
        loss, plateau_monitor, plateau_patience, factor, minimum_rate, plateau_min_delta, stopping_monitor and
        stopping_patience. Add cooldown, amsgrad and weight_decay where they differ from Keras' defaults."""

    def learning_rates(self, val_losses: list[float], initial_rate: float) -> list[float]:
        """Return the learning rate of every epoch of a phase, one per validation loss. Early stopping is not
        applied."""

    def stopping_epoch(self, val_losses: list[float]) -> int | None:
        """Return the epoch, from 0, after which a phase stops early, or None."""

    def best_epoch(self, val_accuracies: list[float], val_losses: list[float]) -> int:
        """Return the epoch, from 0, of the checkpoint that is kept."""

    def phases(self, weights: str) -> list[dict[str, Any]]:
        """Return the training phases. Each has frozen ("base" or null) and epochs (the maximum, or null for no
        limit)."""

    def batch_size(self, gpus: int) -> int:
        """Return the number of images in one training step, over all GPUs."""

    def steps_per_epoch(self, images: int, batch_size: int) -> int:
        """Return the number of training steps in an epoch."""

    # evaluation

    def evaluated_splits(self) -> list[str]:
        """Return the splits that a finished training is evaluated on, among "training", "validation" and "BTFER"."""

    def evaluated_images(self, images: int, batch_size: int) -> int:
        """Return how many images of a split an evaluation counts."""

    def monitored_split(self) -> str:
        """Return the split that the plateau rule, early stopping and the checkpoint monitor."""

    def metrics(self, labels: list[int], predictions: list[int]) -> dict[str, Any]:
        """Return accuracy and the support-weighted averages precision, recall and f1. Add per_class with the
        lists precision, recall and f1, null where undefined, and undefined with the names of the classes never
        predicted."""

    def predicted_classes(self, outputs: list[list[float]]) -> list[int]:
        """Return the predicted label of each row of outputs."""

    def rounded(self, metric: float) -> float:
        """Round a metric as the tables of the paper print it."""

    # statistics

    def proportion_interval(self, successes: int, n: int) -> list[float]:
        """Return the confidence interval [low, high] of a proportion."""

    def f1_interval(self, labels: list[int], predictions: list[int]) -> list[float]:
        """Return the confidence interval [low, high] of the support-weighted F1."""

    def calibration_error(self, labels: list[int], probabilities: list[list[float]]) -> float:
        """Return the expected calibration error."""

    def calibration_interval(self, labels: list[int], probabilities: list[list[float]]) -> list[float]:
        """Return the confidence interval [low, high] of the expected calibration error."""

    def negative_log_likelihood(self, labels: list[int], probabilities: list[list[float]]) -> float:
        """Return the mean negative log-likelihood in nats."""

    def compare(self, labels: list[int], first: list[int], second: list[int]) -> dict[str, Any]:
        """Compare the accuracies of two models. Return p, better ("first", "second" or "tie"), low and high of the
        difference first minus second, and images_to_decide (an integer or null) for a tie."""

    def as_good_as(
        self, labels: list[int], first: list[int], second: list[int], margin: float, equivalence: bool
    ) -> dict[str, Any]:
        """Decide whether the second model is as good as the first within a margin. The margin is a share. Return
        verdict ("better", "within", "beyond" or "undecided") and images_to_decide (an integer or null) where it is
        undecided. For an equivalence, neither may be better by the margin, and the verdict is never "better"."""

    def tie_groups(
        self, labels: list[int], predictions: list[list[int]], clusters: list[int] | None
    ) -> list[dict[str, int]]:
        """Rank models by their predictions of the same images. Return group, best_rank and worst_rank of each, from
        1. clusters has a number for each image, equal for those of a cluster, or is null."""

    def named_mistakes(self, p_values: list[float], gains: list[float]) -> list[int]:
        """Return the positions of the reported mistakes from p and accuracy gain of all candidates."""

    def group_intervals(self, right: list[int], images: list[int]) -> list[list[float] | None]:
        """Return the confidence interval [low, high] of each group's accuracy. All are simultaneous. right and images
        count the right images and all images of each group. The answer is null for a group that is too small."""

    def sequential_decision(self, outcomes: list[int], threshold: float) -> dict[str, Any]:
        """Decide on which side of a threshold a share lies, looking after each outcome. outcomes are 1 or 0 in the
        order asked. Return side ("above", "below" or null while undecided) and after, the number of outcomes at the
        decision, or null."""

    # the grid

    def cells(self) -> list[dict[str, Any]]:
        """Return architecture, weights, resolution, dataset and balancing of each cell of the grid."""

    def published(self, architecture: str, weights: str, resolution: int, dataset: str, balancing: str) -> dict:
        """Return the printed and released metrics of a cell. Each has val_ and btfer_ precision, recall, f1 and
        accuracy, null where unknown."""

    def agreement(self, distances: list[float]) -> str:
        """Return "agree", "near" or "differ" from the distances between a cell's printed and released metrics."""

    def replicates(self) -> list[list[str]]:
        """Return the pairs of cells that train one configuration twice, by cell id."""

    def spread(self, differences: list[float]) -> float:
        """Return the standard deviation of single runs from the differences between pairs of runs."""

    def grid_spread(self, metric: str, resolution: int) -> dict[str, float]:
        """Return the spread of single runs in a metric such as "btfer_accuracy". It has pairs (the number of replicate
        pairs), sd (standard deviation) and typical (robust standard deviation)."""

    def band(self, expected: float, sd: float, pairs: int, runs: int, dropped: int, images: int) -> list[float]:
        """Return the band [low, high] of a metric for the mean of further runs. It depends on the expected value, the
        standard deviation of single runs and its number of pairs, the number of runs, and the images that the
        evaluation dropped out of all images."""

    # findings

    def mean_difference(self, differences: list[float], architectures: list[str], unit: str) -> dict[str, Any] | None:
        """Return the mean difference over pairs of cells, as value, low and high. The interval is over units.
        architectures names the architecture of each pair, and the unit is "network" (an architecture) or "pair".
        Return null for too few units."""


@dataclass(frozen=True)
class Capability:
    """Describe one capability: its name, argument names, signature and description."""

    name: str
    arguments: tuple[str, ...]
    signature: str
    sentence: str


def _catalogue() -> dict[str, Capability]:
    """Return the capabilities by name, in the order of their definition."""
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
            " ".join((inspect.getdoc(method) or "").split()),
        )
    return entries


CATALOGUE = _catalogue()
