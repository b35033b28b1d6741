"""The networks of the protocol that an implementation can be asked about."""

from __future__ import annotations

from ferspec import spec
from ferspec.checks.implementation.answers.judge import rows
from ferspec.errors import NotEvaluable
from ferspec.subjects.implementations.subject import ImplementationSubject


def networks_of(subject: ImplementationSubject) -> tuple[str, ...]:
    """Return the networks that the subject lists, or all if it lists none.

    ``NotEvaluable`` where its list has no network of the protocol.
    """
    networks = tuple(spec.load().networks)
    if "architectures" not in subject.capabilities:
        return networks
    try:
        listed = rows("architectures", subject.ask("architectures"))
    except NotEvaluable:
        return networks
    known = tuple(name for name in networks if name in listed)
    if not known:
        raise NotEvaluable("architectures lists no network by the protocol's name")
    return known


def require(subject: ImplementationSubject, network: str) -> None:
    """Raise ``NotEvaluable`` for a network that the implementation does not have."""
    if network not in networks_of(subject):
        raise NotEvaluable(f"architectures does not list {network}")


def starts() -> tuple[tuple[str, str], ...]:
    """Return the pairs of architecture and initial weights in the grid."""
    return tuple(dict.fromkeys((cell.architecture, cell.weights) for cell in spec.load().cells))
