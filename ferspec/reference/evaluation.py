"""Computes all metrics of labels and predictions, and finds them by name."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference import metrics
from ferspec.reference.bootstrap import Resampling, leave_one_out, protocol_resampling, resample_table
from ferspec.reference.calibration import calibration
from ferspec.reference.clusters import widened_for_clusters
from ferspec.reference.intervals import BOOTSTRAP, WILSON, acceleration, mean_of_classes, proportion, wilson
from ferspec.reference.measured import Averages, Calibration, ClassMetrics, Evaluation, Metric, Rank
from ferspec.reference.slices import slices
from ferspec.required import required

AVERAGED = ("precision", "recall", "f1")
CALIBRATED = ("ece", "brier", "nll")
NAME = re.compile(r"\s*(?P<base>\w+)\s*(\[(?P<argument>[^\]]+)\])?\s*")


def evaluate(
    labels: np.ndarray,
    predicted: np.ndarray,
    probabilities: np.ndarray | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    resampling: Resampling | None = None,
    clusters: np.ndarray | None = None,
) -> Evaluation:
    """Return every metric of the protocol with its interval. The same input always gives the same numbers.

    ``labels`` and ``predicted`` are (n,) integers from 0 to 6 in the order of the seven classes; a prediction may be 7,
    which is a miss: no answer, or none of the seven. ``probabilities`` is (n, 7), or wider with columns outside the
    seven; a row of NaN is a missing answer, and does not count in the calibration. ``groups`` has one value per image
    for each column. ``resampling`` defaults to the protocol's; fewer replicates give the same values faster, with
    rougher intervals. ``clusters`` (n,) numbers images that are right or wrong together, such as copies of a picture:
    intervals are widened for them. ``UserError`` for other shapes or labels, or no image. Source: FER-M, FER-Z.
    """
    labels, predicted = checked(labels, predicted)
    classes, resampling = spec.load().classes, resampling or protocol_resampling()
    shape = None if probabilities is None else np.shape(probabilities)
    if shape is not None and (len(shape) != 2 or shape[0] != len(labels) or shape[1] < len(classes)):
        raise UserError(
            f"probabilities have shape {shape}, expected ({len(labels)}, {len(classes)}): "
            "one row per image, one column per class"
        )
    matrix = metrics.confusion_matrix(labels, predicted)
    overall = proportion(int(metrics.hits(matrix).sum()), len(labels), resampling.level)
    precision, recall, f1 = averages(matrix, resampling)
    sliced, left_out = slices(labels == predicted, groups or {}, resampling)
    found = Evaluation(
        n=len(labels),
        accuracy=overall,
        precision=precision,
        recall=Averages(weighted=overall, macro=recall.macro),
        f1=f1,
        per_class=per_class(matrix, resampling.level),
        confusion_matrix=tuple(map(tuple, matrix.tolist())),
        calibration=None
        if probabilities is None
        else _calibration(labels, predicted, np.asarray(probabilities), resampling),
        rank=rank(overall),
        slices=sliced,
        crossings_left_out=left_out,
    )
    if clusters is None:
        return found
    found = widened_for_clusters(found, labels, predicted, clusters, resampling)
    return found.model_copy(update={"rank": rank(found.accuracy)})


def evaluate_known(
    known: np.ndarray,
    overall: Evaluation,
    labels: np.ndarray,
    predicted: np.ndarray,
    probabilities: np.ndarray | None,
    groups: Mapping[str, Sequence[str]] | None,
    resampling: Resampling | None = None,
    clusters: np.ndarray | None = None,
) -> Evaluation:
    """Return the metrics on the images that ``known`` (n,) selects; ``overall``, that of all, if it selects all."""
    if known.all():
        return overall
    kept = {
        name: [value for value, one in zip(column, known, strict=True) if one]
        for name, column in (groups or {}).items()
    }
    return evaluate(
        labels[known],
        predicted[known],
        None if probabilities is None else probabilities[known],
        kept,
        resampling,
        None if clusters is None else clusters[known],
    )


def checked(labels: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and predictions as integer arrays; ``UserError`` unless both hold n classes, or 7 for none."""
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    count = len(spec.load().classes)
    for name, values in (("labels", labels), ("predictions", predicted)):
        if values.ndim != 1 or len(values) == 0:
            raise UserError(f"{name} have shape {values.shape}, expected one class for each of at least one image")
        if not np.issubdtype(values.dtype, np.integer):
            raise UserError(f"{name} are of type {values.dtype}, expected integers from 0 to {count - 1}")
        most = count if name == "labels" else count + 1
        if values.min() < 0 or values.max() >= most:
            outside = values[(values < 0) | (values >= most)][0]
            raise UserError(f"{name} contain {outside}, which is out of range: classes are 0 to {count - 1}")
    if len(labels) != len(predicted):
        raise UserError(f"there are {len(labels)} labels but {len(predicted)} predictions")
    return labels.astype(np.int64), predicted.astype(np.int64)


def averages(matrix: np.ndarray, resampling: Resampling) -> tuple[Averages, Averages, Averages]:
    """Return precision, recall and F1, weighted by support and macro, with bootstrap intervals (FER-Z-03).

    ``matrix`` is (7, 7). A class with an undefined metric counts as 0, as in scikit-learn's reports, and ``undefined``
    names it (FER-M-05).
    """
    replicates, (left, counts_left) = resample_table(matrix, resampling), leave_one_out(matrix)
    images = metrics.support(matrix)
    n = int(images.sum())
    measured_on = {
        metrics.precision: metrics.predictions(matrix),
        metrics.recall: images,
        metrics.f1: metrics.either(matrix),
    }
    averaged = []
    for figure, counts in measured_on.items():
        point, drawn, without = figure(matrix), figure(replicates), figure(left)
        weighted, macro = (
            mean_of_classes(
                metrics.counted(point),
                weights,
                counts,
                average(drawn, replicates),
                resampling.level,
                n,
                method=f"{BOOTSTRAP}, bias-corrected",
                # a single image leaves none
                acceleration=acceleration(average(without, left), counts_left) if n > 1 and accelerated else 0.0,
                includes=() if accelerated else [_below(float(average(point, matrix)), n, resampling.level)],
            )
            for weights, average, accelerated in (
                # where nearly all images are right, precision by support spreads too little to the low side
                (images, metrics.weighted, figure is not metrics.precision),
                (np.ones(len(images)), lambda of_classes, _: metrics.macro(of_classes), True),
            )
        )
        averaged.append(
            Averages(
                weighted=_flagged(weighted, np.isnan(point) & (images > 0), figure.__name__),
                macro=_flagged(macro, np.isnan(point), figure.__name__),
            )
        )
    precision, recall, f1 = averaged
    return precision, recall, f1


def _below(value: float, n: int, level: float) -> tuple[float, float]:
    """Return the part below a value of the Wilson interval of such a share."""
    return wilson(round(value * n), n, level)[0], value


def per_class(matrix: np.ndarray, level: float) -> tuple[ClassMetrics, ...]:
    """Return precision, recall and F1 of each class with Wilson intervals. An undefined metric says why.

    Each is a share of images, or follows from one (FER-Z-02): precision of those predicted as the class, recall of
    those that belong to it, F1 = 2q/(1 + q) from the share q of hits among the images that are either.
    """
    classes = []
    for index, name in enumerate(spec.load().classes):
        hits, images, predicted = int(matrix[index, index]), int(matrix[index].sum()), int(matrix[:, index].sum())
        none_predicted, no_images = f"no image is predicted as {name}", f"there is no image of {name}"
        classes.append(
            ClassMetrics(
                name=name,
                support=images,
                predicted=predicted,
                precision=_proportion(hits, predicted, level, none_predicted),
                recall=_proportion(hits, images, level, no_images),
                f1=_f1(hits, images + predicted - hits, level, f"{no_images}, and {none_predicted}"),
            )
        )
    return tuple(classes)


def rank(overall: Metric) -> Rank:
    """Return the rank of an accuracy among the known published BTFER accuracies, with its ties.

    A published accuracy stands for any value that is rounded to it (FER-M-07). Those that print more are better; those
    that print what the accuracy would print are ties. One that is worse than all has the rank after the last.
    """
    published = [_printed(value) for cell in spec.load().cells if (value := cell.btfer_accuracy()) is not None]

    def places(value: float | None) -> tuple[int, int]:
        printed = _printed(required(value))
        return 1 + sum(other > printed for other in published), published.count(printed)

    (position, ties), (best, _), (worst, worst_ties) = map(places, (overall.value, overall.high, overall.low))
    return Rank(
        position=position,
        ties=ties,
        printed=float(_printed(required(overall.value))),
        of=len(published),
        best_position=best,
        worst_position=worst + worst_ties,
    )


def _printed(value: float) -> Decimal:
    """Return a metric as it would be printed (FER-M-07), a half rounded up."""
    decimals = spec.load().integer("FER-M-07", "decimals")
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def figures(evaluation: Evaluation) -> dict[str, Metric]:
    """Return every metric of an evaluation by the name that claims and comparisons use.

    ``precision``, ``recall`` and ``f1`` are support-weighted, as in the protocol.
    """
    named = {"accuracy": evaluation.accuracy}
    for name in AVERAGED:
        named |= {name: getattr(evaluation, name).weighted, f"macro_{name}": getattr(evaluation, name).macro}
        named |= {f"{name}[{one.name}]": getattr(one, name) for one in evaluation.per_class}
    for name in CALIBRATED:
        absent = Metric(value=None, undefined="no probabilities are given")
        named[name] = absent if evaluation.calibration is None else getattr(evaluation.calibration, name)
    return named | {f"gap[{one.column}]": one.gap for one in evaluation.slices if one.columns == 1}


def named_metric(evaluation: Evaluation, name: str) -> Metric:
    """Return the metric with a name such as ``accuracy``, ``macro_f1``, ``recall[Disgust]`` or ``gap[age]``.

    Classes may be given by any alias. ``UserError`` with the nearest names for an unknown name.
    """
    return figures(evaluation)[require_metric(name, [one.column for one in evaluation.slices if one.columns == 1])]


def require_metric(name: str, columns: Iterable[str] = ()) -> str:
    """Return the name as a key of ``figures``. ``UserError`` with the nearest names for an unknown metric.

    ``columns`` are the columns that group images; each has a ``gap``.
    """
    key = _canonical(name)
    plain = ["accuracy", *AVERAGED, *(f"macro_{average}" for average in AVERAGED), *CALIBRATED]
    gaps = [f"gap[{column}]" for column in columns]
    known = [*plain, *(f"{average}[{one}]" for average in AVERAGED for one in spec.load().classes), *gaps]
    if key in known:
        return key
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.7)
    all_names = [*plain, *(f"{average}[CLASS]" for average in AVERAGED), *(gaps or ["gap[COLUMN] with --groups CSV"])]
    hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(all_names)}"
    raise UserError(f"unknown metric '{name.strip()}': {hint}")


def _calibration(
    labels: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray, resampling: Resampling
) -> Calibration | None:
    """Return the calibration of the answers; an answer outside the seven has the confidence of its column."""
    answered = ~np.isnan(probabilities).all(axis=1)
    if not answered.any():
        return None
    labels, predicted, probabilities = labels[answered], predicted[answered], probabilities[answered]
    chosen = np.where(predicted == len(spec.load().classes), probabilities.argmax(axis=1), predicted)
    return calibration(labels, chosen, probabilities, resampling)


def _proportion(hits: int, images: int, level: float, reason: str) -> Metric:
    return proportion(hits, images, level) if images else Metric(value=None, undefined=reason)


def _f1(hits: int, either: int, level: float, reason: str) -> Metric:
    if not either:
        return Metric(value=None, undefined=reason)
    value, low, high = (2 * share / (1 + share) for share in (hits / either, *wilson(hits, either, level)))
    return Metric(value=value, low=low, high=high, method=f"{WILSON} of hits / (images or predictions of the class)")


def _flagged(average: Metric, undefined: np.ndarray, name: str) -> Metric:
    if not undefined.any():
        return average
    classes = ", ".join(name for name, is_undefined in zip(spec.load().classes, undefined, strict=True) if is_undefined)
    return average.model_copy(update={"undefined": f"{name} is undefined for {classes} and counted as 0"})


def _canonical(name: str) -> str:
    match = NAME.fullmatch(name)
    if match is None:
        return name.strip()
    base, argument = match["base"].lower(), match["argument"]
    if argument is None:
        return base
    if base in AVERAGED:
        argument = spec.load().classes[spec.load().class_index(argument)]
    return f"{base}[{argument.strip()}]"
