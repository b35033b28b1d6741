"""The measured metrics of a report, as records that serialise to JSON without NaN."""

import operator
from typing import Literal, NamedTuple

from pydantic import Field

from ferspec.records import Count, Record, is_none

NONE = "none"


class Known(NamedTuple):
    """A defined metric: its value and the ends of its interval."""

    value: float
    low: float
    high: float


class Metric(Record):
    """A metric with its interval (FER-Z-01). ``value`` is None if it is undefined, and ``undefined`` says why.

    An average has a value even if the metric of a class is undefined; ``undefined`` then names the classes that count
    as 0. A value always has an interval.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    method: str | None = None
    undefined: str | None = None

    @property
    def known(self) -> Known | None:
        """Value and interval, None where the metric is undefined."""
        if self.value is None or self.low is None or self.high is None:
            return None
        return Known(self.value, self.low, self.high)


class Averages(Record):
    """A per-class metric averaged by support (``weighted``, as in the protocol) and equally (``macro``)."""

    weighted: Metric
    macro: Metric


class ClassMetrics(Record):
    """The metrics of one class."""

    name: str
    support: Count
    predicted: Count
    precision: Metric
    recall: Metric
    f1: Metric


class CalibrationBin(Record):
    """One bar of the reliability curve: images whose confidence lies in (low, high]."""

    low: float
    high: float
    n: Count
    confidence: float | None
    accuracy: float | None


class Calibration(Record):
    """The calibration metrics of the probabilities."""

    ece: Metric
    brier: Metric
    nll: Metric
    bins: tuple[CalibrationBin, ...]


class Rank(Record):
    """The rank of an accuracy among the published BTFER accuracies.

    1 is the best; ``of`` + 1 is worse than all. A published accuracy is rounded, so that any of those that print
    ``printed``, as the accuracy would, may be better or worse.
    """

    position: Count = Field(description="the best place: after all published accuracies that print more")
    ties: Count = Field(description="published accuracies that print the same; the worst place is after these too")
    printed: float
    of: Count
    best_position: Count = Field(description="best place of the upper end of the accuracy's interval")
    worst_position: Count = Field(description="worst place of the lower end of the accuracy's interval")

    @property
    def last(self) -> int:
        """The worst place."""
        return self.position + self.ties


class Figures(Record):
    """The main metrics of one reading of the answers, or of some images."""

    n: Count
    accuracy: Metric
    f1: Metric = Field(description="weighted by support")


class Abstention(Record):
    """The images without an answer, and the accuracy without them and in the best case.

    The metrics of a report count a missing answer as wrong: that is the worst case.
    """

    missing: Count
    rate: Metric
    answered: Figures = Field(description="on the images with an answer: a missing one is excluded")
    best: Metric = Field(description="the accuracy if every missing answer were right")


class Group(Record):
    """The accuracy on the images with one value of each of some columns (FER-Z-13)."""

    value: str
    n: Count
    errors: Count | None = Field(
        default=None,
        exclude_if=is_none,
        description="images that are predicted as another class, or not answered; None in earlier documents",
    )
    accuracy: Metric = Field(description="its interval holds together with those of all groups of all columns")


class Slice(Record):
    """The groups of one or more crossed columns, and the gap between best and worst.

    ``best`` and ``worst`` are None where fewer than two groups have enough images.
    """

    column: str
    columns: Count = Field(default=1, exclude_if=lambda count: count == 1, description="how many columns are crossed")
    groups: tuple[Group, ...]
    gap: Metric
    best: str | None
    worst: str | None

    @property
    def result(self) -> Literal["differ", "inconclusive", "not evaluated"]:
        """Whether the groups differ; inconclusive where the gap may be chance."""
        if self.gap.low is None:
            return "not evaluated"
        return "differ" if self.gap.low > 0 else "inconclusive"


class Evaluation(Record):
    """All metrics of labels and predictions: the ``metrics`` of a report."""

    n: Count
    accuracy: Metric
    precision: Averages
    recall: Averages
    f1: Averages
    per_class: tuple[ClassMetrics, ...]
    confusion_matrix: tuple[tuple[Count, ...], ...]
    calibration: Calibration | None
    rank: Rank
    slices: tuple[Slice, ...] = ()
    crossings_left_out: Count = Field(
        default=0, exclude_if=operator.not_, description="crossings of columns with too many groups (FER-Z-13)"
    )
    clusters: Count | None = Field(
        default=None,
        exclude_if=is_none,
        description="the clusters that intervals allow for (FER-Z-03); None if none were named",
    )

    @property
    def answers(self) -> tuple[str, ...]:
        """The names of the confusion matrix's columns: the classes, and ``none`` for any other or no answer."""
        return (*(one.name for one in self.per_class), NONE)[: len(self.confusion_matrix[0])]
