"""Build a PyTorch network by the name that a contract gives, without weights."""

from __future__ import annotations

from typing import Any

from ferspec.errors import UserError
from ferspec.extras import require_package
from ferspec.subjects.models.base import loading, shown
from ferspec.subjects.models.outputs import Choice
from ferspec.subjects.models.quiet import quiet

EXAMPLES = 'architecture = "timm:resnet18", "torchvision:resnet18" or "ferspec:ResNet18"'


def build(choice: Choice, columns: int) -> Any:
    """Build the network that a contract names, with a number of columns. Raise ``UserError`` for an unknown name."""
    source, _, name = (choice.architecture or "").partition(":")
    if source not in BUILDERS or not name:
        raise UserError(f"the contract's architecture {shown(choice.architecture or '')!r} is unknown: give {EXAMPLES}")
    return BUILDERS[source](name, columns, choice.channels)


def _from_timm(name: str, columns: int, channels: int) -> Any:
    require_package("this architecture", "timm")
    with loading(name, "a network of timm"), quiet():
        import timm

        # a name that timm does not list may be an address
        if not timm.is_model(name) or ":" in name or "/" in name:
            raise _unknown(name, "timm")
        return timm.create_model(name, pretrained=False, num_classes=columns, in_chans=channels)


def _from_torchvision(name: str, columns: int, channels: int) -> Any:
    require_package("this architecture", "torchvision")
    with loading(name, "a network of torchvision"), quiet():
        from torchvision import models

        if name not in models.list_models(module=models):
            raise _unknown(name, "torchvision")
        return models.get_model(name, weights=None, num_classes=columns)


def _own(name: str, columns: int, channels: int) -> Any:
    from ferspec.subjects.models.pytorch.resnet18 import ResNet18

    if name != "ResNet18":
        raise _unknown(name, "ferspec")
    return ResNet18(columns, channels)


def _unknown(name: str, source: str) -> UserError:
    return UserError(f"the contract's architecture names the network {shown(name)!r}, which {source} does not have")


BUILDERS = {"timm": _from_timm, "torchvision": _from_torchvision, "ferspec": _own}
