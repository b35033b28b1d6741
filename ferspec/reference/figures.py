"""The measured figures of a report, as records that serialise to JSON without NaN."""

from typing import NamedTuple

from pydantic import Field

from ferspec.records import Count, Record


class Known(NamedTuple):
    """A defined metric: its value and the ends of its interval."""

    value: float
    low: float
    high: float


class Figure(Record):
    """A number with its interval (FER-Z-01); ``value`` is None, with the reason, where it is undefined.

    An average has a value even where the figure of a class is undefined; ``undefined`` then names the classes that
    count as 0 in it. A value always has an interval.
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
    """A per-class figure averaged by support (``weighted``, the protocol's) and equally (``macro``)."""

    weighted: Figure
    macro: Figure


class ClassFigures(Record):
    """What was measured of one class."""

    name: str
    support: Count
    predicted: Count
    precision: Figure
    recall: Figure
    f1: Figure


class CalibrationBin(Record):
    """One bar of the reliability curve: images whose confidence lies in (low, high]."""

    low: float
    high: float
    n: Count
    confidence: float | None
    accuracy: float | None


class Calibration(Record):
    """How far the probabilities can be trusted."""

    ece: Figure
    brier: Figure
    nll: Figure
    bins: tuple[CalibrationBin, ...]


class Rank(Record):
    """The place of an accuracy among the published BTFER accuracies (1 is the best, ``of`` + 1 worse than all)."""

    position: Count
    of: Count
    best_position: Count = Field(description="position of the upper end of the accuracy's interval")
    worst_position: Count = Field(description="position of the lower end of the accuracy's interval")


class Group(Record):
    """The accuracy of the images that share one value of a column."""

    value: str
    n: Count
    accuracy: Figure


class Slice(Record):
    """The groups of one column, and the gap between the best and the worst of them."""

    column: str
    groups: tuple[Group, ...]
    gap: Figure
    best: str
    worst: str


class Evaluation(Record):
    """Everything that labels and predictions alone determine: the ``metrics`` of a report."""

    n: Count
    accuracy: Figure
    precision: Averages
    recall: Averages
    f1: Averages
    per_class: tuple[ClassFigures, ...]
    confusion_matrix: tuple[tuple[Count, ...], ...]
    calibration: Calibration | None
    rank: Rank
    slices: tuple[Slice, ...] = ()
