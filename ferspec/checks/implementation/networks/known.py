"""The networks that an implementation can be asked about: those of the protocol, or of them the ones it has."""

from __future__ import annotations

from ferspec import spec
from ferspec.checks.implementation.answers.judge import rows
from ferspec.errors import NotEvaluable
from ferspec.subjects.implementations.subject import ImplementationSubject


def networks_of(subject: ImplementationSubject) -> tuple[str, ...]:
    """Return the names of networks, all of the protocol where the subject does not list its own.

    ``NotEvaluable`` where it lists none of the protocol's.
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
    """Return the networks with what the grid starts each from: pairs of architecture and weights."""
    return tuple(dict.fromkeys((cell.architecture, cell.weights) for cell in spec.load().cells))
