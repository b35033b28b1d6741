"""Answer the capabilities for metrics and statistics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.measured import Metric
from ferspec.spec.records import Profile

AVERAGED = ("precision", "recall", "f1")


class EvaluationCapabilities:
    """Answer for metrics, confidence intervals, calibration and comparisons."""

    profile: Profile

    def metrics(self, labels: list[int], predictions: list[int]) -> dict[str, Any]:
        from ferspec.reference import metrics

        matrix = metrics.confusion_matrix(np.array(labels), np.array(predictions))
        per_class = {name: getattr(metrics, name)(matrix) for name in AVERAGED}
        classes = zip(spec.load().classes, per_class["precision"], strict=True)
        return {
            "accuracy": float(metrics.accuracy(matrix)),
            **{name: float(metrics.weighted(values, matrix)) for name, values in per_class.items()},
            "per_class": {
                name: [None if np.isnan(value) else float(value) for value in values]
                for name, values in per_class.items()
            },
            "undefined": [name for name, precision in classes if np.isnan(precision)],
        }

    def predicted_classes(self, outputs: list[list[float]]) -> list[int]:
        return np.array(outputs).argmax(axis=1).tolist()

    def rounded(self, metric: float) -> float:
        return round(metric, spec.load().integer("FER-M-07", "decimals"))

    def proportion_interval(self, successes: int, n: int) -> list[float]:
        from ferspec.reference.intervals import wilson

        return list(wilson(successes, n, spec.load().number("FER-Z-01", "level")))

    def f1_interval(self, labels: list[int], predictions: list[int]) -> list[float]:
        from ferspec.reference.evaluation import evaluate

        return _ends(evaluate(np.array(labels), np.array(predictions)).f1.weighted)

    def calibration_error(self, labels: list[int], probabilities: list[list[float]]) -> float:
        return _defined(_calibration(labels, probabilities, replicates=1).ece)

    def calibration_interval(self, labels: list[int], probabilities: list[list[float]]) -> list[float]:
        return _ends(_calibration(labels, probabilities).ece)

    def negative_log_likelihood(self, labels: list[int], probabilities: list[list[float]]) -> float:
        return _defined(_calibration(labels, probabilities, replicates=1).nll)

    def compare(self, labels: list[int], first: list[int], second: list[int]) -> dict[str, Any]:
        from ferspec.reference.comparison import compare

        comparison = compare(np.array(labels), np.array(first), np.array(second))
        low, high = _ends(comparison.difference)
        return {
            "p": comparison.p_value,
            "better": {"A is better": "first", "B is better": "second"}.get(comparison.verdict, "tie"),
            "low": low,
            "high": high,
            "images_to_decide": comparison.images_to_decide,
        }

    def as_good_as(
        self, labels: list[int], first: list[int], second: list[int], margin: float, equivalence: bool
    ) -> dict[str, Any]:
        from ferspec.reference.margins import decide

        right = np.equal(labels, first), np.equal(labels, second)
        alone = (int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum()))
        found = decide(*alone, len(labels), margin, equivalence)
        verdict = "beyond" if "by more than" in found.verdict else "within"
        verdict = {"B is better": "better", "undecided": "undecided"}.get(found.verdict, verdict)
        return {"verdict": verdict, "images_to_decide": found.images_to_decide}

    def tie_groups(
        self, labels: list[int], predictions: list[list[int]], clusters: list[int] | None
    ) -> list[dict[str, int]]:
        from ferspec.reference.ranking import rank

        rows = [np.array(row) for row in predictions]
        found = rank(np.array(labels), rows, None if clusters is None else np.array(clusters))
        places = {one.model: one for one in found.models}
        return [places[model].model_dump(include={"group", "best_rank", "worst_rank"}) for model in range(len(rows))]

    def named_mistakes(self, p_values: list[float], gains: list[float]) -> list[int]:
        from ferspec.reference.significance import holm

        alpha, least_gain = (spec.load().number("FER-Z-05", name) for name in ("alpha", "least_gain"))
        corrected = holm(p_values, len(p_values))
        candidates = enumerate(zip(corrected, gains, strict=True))
        return [position for position, (p, gain) in candidates if p <= alpha and gain >= least_gain]

    def group_intervals(self, right: list[int], images: list[int]) -> list[list[float] | None]:
        from ferspec.reference.slices import group_intervals

        level = spec.load().number("FER-Z-01", "level")
        found = group_intervals(np.array(right, int), np.array(images, int), level)
        return [None if ends is None else list(ends) for ends in found]

    def sequential_decision(self, outcomes: list[int], threshold: float) -> dict[str, Any]:
        from ferspec.reference.sequential import decide

        error = (1 - spec.load().number("FER-Z-01", "level")) / 2
        found = decide(np.array(outcomes, bool), threshold, error)
        return {"side": found and found.side, "after": found and found.after}


def _calibration(labels: list[int], probabilities: list[list[float]], replicates: int | None = None) -> Any:
    """Return the calibration metrics. ``replicates`` affects only the intervals, so that 1 is enough for the values."""
    from ferspec.reference.bootstrap import protocol_resampling
    from ferspec.reference.calibration import calibration

    resampling = protocol_resampling()
    if replicates is not None:
        resampling = replace(resampling, replicates=replicates)
    rows = np.array(probabilities, dtype=np.float64)
    return calibration(np.array(labels), rows.argmax(axis=1), rows, resampling)


def _defined(metric: Metric) -> float:
    if metric.value is None:
        raise UserError(metric.undefined)
    return metric.value


def _ends(metric: Metric) -> list[float]:
    if metric.low is None or metric.high is None:
        raise UserError(metric.undefined)
    return [metric.low, metric.high]
