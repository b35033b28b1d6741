"""FER-F-01: statements about the grid are judged by paired differences over networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ferspec.checks.implementation.answers.explain import explained
from ferspec.checks.implementation.answers.judge import close, equal, field, numbers
from ferspec.checks.implementation.findings.mistakes import LEAST_UNITS, MEANS, each_unit, student
from ferspec.engine import checks_by_case
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

CAPABILITY = "mean_difference"
TOLERANCE = 1e-6
ENDS = ("value", "low", "high")
FEW = [f"network {number}" for number in range(LEAST_UNITS - 1)]
# differences of pairs, and the architecture of each
PAIRS = {
    "six pairs of a network and one of each other": (
        [0.12, 0.11, 0.13, 0.12, 0.10, 0.14, 0.03, -0.02, 0.05],
        ["VGG16"] * 6 + ["ResNet18", "LeNet5", "AlexNet"],
    ),
    "two pairs of each network": (
        [0.06, 0.08, 0.01, 0.05, -0.04, -0.02, 0.09, 0.10],
        ["VGG19", "ResNet50", "ZFNet", "SMMB"] * 2,
    ),
    "three networks, the fewest that are judged": ([0.02, 0.06, 0.10], ["Xception", "MobileNet", "DenseNet121"]),
    "losses": ([-0.3, -0.1, -0.2, -0.25], ["LeNet5", "SMMB", "Modular", "Ensemble"]),
}
TOO_FEW = {
    "two networks of three pairs each": ([0.05, 0.06, 0.07, 0.08, 0.09, 0.10], FEW * 3, "network"),
    "two pairs": ([0.05, 0.06], FEW, "pair"),
    "no pairs": ([], [], "network"),
}


def averages_by_the_unit(
    subject: ImplementationSubject, differences: list[float], architectures: list[str], unit: str
) -> CheckResult:
    """FER-F-01: the pairs of an architecture are averaged first, and the interval is Student's over architectures.

    For a statement on a single architecture it is over pairs.
    """
    asked = {"differences": differences, "architectures": architectures, "unit": unit}
    answer = subject.ask(CAPABILITY, **asked)
    observed = numbers(CAPABILITY, [field(CAPABILITY, answer, name) for name in ENDS], (3,))
    finding = close(observed, student(each_unit(differences, architectures, unit)), TOLERANCE, ENDS)
    return explained(finding, answer, MEANS, asked, _same)


def judges_no_fewer_than_it_may(
    subject: ImplementationSubject, differences: list[float], architectures: list[str], unit: str
) -> CheckResult:
    """FER-F-01: fewer than three architectures, or pairs, are not judged, however many pairs there are."""
    asked = {"differences": differences, "architectures": architectures, "unit": unit}
    answer = subject.ask(CAPABILITY, **asked)
    return explained(equal(answer, None), answer, MEANS, asked, _same)


def _same(answer: Any, other: dict[str, float] | None) -> bool:
    """Return whether an answer of any form has the three numbers of another."""
    if other is None or not isinstance(answer, dict):
        return False
    given = [answer.get(name) for name in ENDS]
    # only numbers that cannot overflow: an answer may have any
    values = [value for value in given if isinstance(value, float)]
    return len(values) == len(given) and np.allclose(values, list(other.values()), rtol=0, atol=TOLERANCE)


CHECKS = (
    *checks_by_case(
        "FER-F-01",
        averages_by_the_unit,
        {f"{name}, over {unit}s": (*pairs, unit) for name, pairs in PAIRS.items() for unit in ("network", "pair")},
        (CAPABILITY,),
    ),
    *checks_by_case("FER-F-01", judges_no_fewer_than_it_may, TOO_FEW, (CAPABILITY,)),
)
