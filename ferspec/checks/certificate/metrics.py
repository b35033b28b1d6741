"""Checks that the metrics of a certificate follow from its predictions (FER-X-03, FER-X-11)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ferspec import spec
from ferspec.checks.certificate.answers import answers_follow
from ferspec.checks.certificate.differences import EDITED, PASS, differs, first_difference
from ferspec.checks.certificate.known import known_evaluation
from ferspec.checks.model.claims import claim_checks
from ferspec.engine import outcome_of
from ferspec.outcomes import CheckResult, Status
from ferspec.records import Record
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.evaluation import evaluate
from ferspec.reference.measured import Evaluation
from ferspec.required import required
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.models.base import abstains
from ferspec.subjects.models.claims import Claim, parse_claim
from ferspec.subjects.models.subject import WHY_MISSING

RESAMPLED = "bootstrap"
# how a method says that unseen images widened its interval, which another random stream may do or not
WIDENED = ", widened"


@dataclass(frozen=True)
class Recorded:
    """Stand for a model that cannot be run, with recorded predictions and their metrics."""

    certificate: Certificate
    evaluation: Evaluation

    model = None

    @property
    def labels(self) -> np.ndarray:
        return self.certificate.labels

    @property
    def predicted(self) -> np.ndarray:
        return self.certificate.predicted

    @property
    def share_of_error(self) -> float:
        lineage = required(self.certificate.report).lineage
        return 1.0 if lineage is None else lineage.share

    @property
    def probabilities(self) -> np.ndarray | None:
        return self.certificate.probabilities

    @property
    def groups(self) -> dict[str, tuple[str, ...]] | None:
        return self.certificate.groups

    @property
    def clusters(self) -> np.ndarray | None:
        return self.certificate.clusters

    @property
    def order(self) -> np.ndarray | None:
        return self.certificate.order

    @property
    def is_known(self) -> np.ndarray | None:
        return self.certificate.is_known

    @property
    def distributions(self) -> np.ndarray | None:
        return self.certificate.distributions

    @property
    def may_abstain(self) -> bool:
        return abstains(required(self.certificate.report).subject.format)

    @property
    def known(self) -> Evaluation | None:
        return known_evaluation(self.certificate, self.evaluation)

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset() if self.distributions is None else frozenset({"probabilities"})

    def why_missing(self, capability: str) -> str:
        return WHY_MISSING[capability]


class Limit(NamedTuple):
    """A limit that resampling gives: its value, the width of its interval, and the method in words."""

    value: float
    width: float
    method: str


def metrics_follow(certificate: Certificate) -> CheckResult:
    """Every predicted class has the highest probability; every metric follows from the recorded predictions."""
    found = answers_follow(certificate)
    if found.status is Status.FAIL:
        return found
    stated, recomputed = required(certificate.report).metrics, certificate.evaluation
    resampled = limits(recomputed)
    methods = {f"{path.rpartition('.')[0]}.method" for path in resampled}
    return first_difference(
        stated.model_dump(mode="json"), recomputed.model_dump(mode="json"), ignored={*resampled, *methods}
    )


def limits_follow(certificate: Certificate) -> CheckResult:
    """Every limit that resampling gives is equal, or within its Monte Carlo error."""
    stated, ours = limits(required(certificate.report).metrics), limits(certificate.evaluation)
    if stated.keys() != ours.keys():
        return first_difference({"limits": sorted(stated)}, {"limits": sorted(ours)})
    odd = [path for path in ours if not _equal(stated[path], ours[path])]
    if not odd:
        return PASS
    if _has_our_stream(certificate, stated, ours):
        path = odd[0]
        return differs(path, stated[path].value, ours[path].value, f"{EDITED}: most other limits agree exactly")
    for path in odd:
        if not within_error(stated[path], ours[path], len(certificate.labels)):
            return differs(path, stated[path].value, ours[path].value)
    return _claims_agree(certificate)


def within_error(stated: Limit, ours: Limit, n: int) -> bool:
    """Return whether two limits over ``n`` images are within Monte Carlo error (FER-X-11)."""
    error = spec.load().number("FER-X-11", "share_of_width") * ours.width + spec.load().number("FER-X-11", "images") / n
    same_method = stated.method.partition(WIDENED)[0] == ours.method.partition(WIDENED)[0]
    return same_method and abs(stated.value - ours.value) <= error


def limits(metrics: Record) -> dict[str, Limit]:
    """Return every limit that resampling gives, by its path in the metrics."""
    return dict(_limits(metrics.model_dump(mode="json")))


def _limits(node: Any, path: str = "") -> Iterator[tuple[str, Limit]]:
    if isinstance(node, list):
        for position, child in enumerate(node):
            yield from _limits(child, f"{path}[{position}]")
    elif isinstance(node, dict):
        low, high, method = (node.get(key) for key in ("low", "high", "method"))
        if low is not None and high is not None and str(method).startswith(RESAMPLED):
            yield f"{path}.low", Limit(low, high - low, str(method))
            yield f"{path}.high", Limit(high, high - low, str(method))
        for key, child in node.items():
            yield from _limits(child, f"{path}.{key}".lstrip("."))


def _equal(left: Limit, right: Limit) -> bool:
    return left.method == right.method and abs(left.value - right.value) <= spec.load().number("FER-X-03", "tolerance")


def _has_our_stream(certificate: Certificate, stated: dict[str, Limit], ours: dict[str, Limit]) -> bool:
    """Return whether the stated limits were drawn from our random stream: most that depend on it are equal."""
    resampling = protocol_resampling()
    another = evaluate(
        certificate.labels,
        certificate.predicted,
        certificate.probabilities,
        certificate.groups,
        replace(resampling, seed=resampling.seed + 1),
        certificate.clusters,
    )
    others = limits(another)
    drawn = [path for path in ours if not _equal(ours[path], others[path])]
    return 2 * sum(_equal(stated[path], ours[path]) for path in drawn) >= len(drawn)


def _claims_agree(certificate: Certificate) -> CheckResult:
    """Conclude nothing where a claim holds by stated or recomputed limits only."""
    report = required(certificate.report)
    for text in report.claims:
        claim = parse_claim(text)
        statuses = [_status(claim, certificate, metrics) for metrics in (report.metrics, certificate.evaluation)]
        if statuses[0] is not statuses[1]:
            return CheckResult(
                status=Status.INCONCLUSIVE,
                observed=f"{claim}: {statuses[0]}",
                expected=f"{claim}: {statuses[1]}",
                message="the threshold of the claim lies within the Monte Carlo error of the limit",
                likely="the certificate was made with another version of NumPy",
            )
    return CheckResult(status=Status.PASS, observed="the limits were drawn from another random stream")


def _status(claim: Claim, certificate: Certificate, metrics: Evaluation) -> Status:
    (check,) = claim_checks([claim])
    return outcome_of(check, Recorded(certificate, metrics)).status
