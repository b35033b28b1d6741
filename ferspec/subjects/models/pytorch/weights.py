"""Load weights of a PyTorch network without running code of their file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.files import open_archive, read_head
from ferspec.subjects.models.base import COLOUR_CHANNELS, LARGEST, Model, Signature, file_digest, loading, shown
from ferspec.subjects.models.expansion import refuse_expansion
from ferspec.subjects.models.outputs import ASSUMED, Choice
from ferspec.subjects.models.pytorch.architectures import EXAMPLES, build
from ferspec.subjects.models.pytorch.module import require_all_arrays, require_torch, running
from ferspec.subjects.models.torchscript.cost import cost_of

ZIP = b"PK\x03\x04"
PICKLE = b"\x80\x02"
# the first release whose reader of weights runs no hidden code (CVE-2025-32434, CVE-2026-24747)
SAFE = (2, 10)
# what torch.nn.DataParallel puts before each name
PARALLEL = "module."


def load(path: Path, trust_code: bool = False, choice: Choice = ASSUMED) -> Model:
    """Load weights (.safetensors, .pth, .pt, .pth.tar, .t7) into the network that the contract names.

    Safe to load: safetensors hold numbers only; other files are read by ``torch.load(weights_only=True)``, which makes
    only tensors and plain containers, and refuses all else, also with ``trust_code``. Every array must belong to the
    network and fill it. Nothing is fetched.
    """
    name = path.name
    require_torch(path)
    content = _read(path)
    if choice.architecture is None:
        raise UserError(
            f"{name} holds weights without a network: name the network in the contract ({EXAMPLES}), "
            "or save the whole model with torch.export; 'ferspec contract init' completes a "
            f"{name}.contract.toml that holds only this line"
        )
    weights = _weights_in(content, name)
    network, channels = _fitting_network(weights, choice)
    if channels != choice.channels and not choice.assumed:
        colour = ', with colour = "gray"' if channels == 1 else ""
        raise UserError(f"{name} was trained with channels = {channels}: declare it in [input] of the contract{colour}")
    own = network.state_dict()
    require_all_arrays(
        name,
        [key for key in own if key not in weights],
        [key for key in weights if key not in own],
        [f"{key} {tuple(weights[key].shape)}" for key in _of_other_shape(weights, own)],
    )
    with loading(name, "PyTorch weights"):
        network.load_state_dict(weights)
    network.eval().float()
    return Model(
        name=name,
        format="pytorch-weights",
        digest=file_digest(path),
        signature=Signature(channels=channels, layout="channels_first", guessed={"layout": "that of PyTorch"}),
        run=running(network),
        count_cost=partial(cost_of, network),
        network=network,
    )


def _fitting_network(weights: Mapping[str, Any], choice: Choice) -> tuple[Any, int]:
    """Build the network, and return it with its channels: those of the choice, unless only others fit the weights."""
    for channels in sorted(COLOUR_CHANNELS, key=lambda channels: channels != choice.channels):
        network = _network_for(weights, choice.model_copy(update={"channels": channels}))
        if not _of_other_shape(weights, network.state_dict()):
            return network, channels
    return _network_for(weights, choice), choice.channels


def _network_for(weights: Mapping[str, Any], choice: Choice) -> Any:
    """Build the network; with another number of columns, if only that explains the shapes of the weights."""
    network = build(choice, choice.width or 0)
    own = network.state_dict()
    heads = [key for key in _of_other_shape(weights, own) if own[key].shape[:1] == (choice.width,)]
    widths = {weights[key].shape[0] for key in heads if weights[key].ndim}
    return build(choice, widths.pop()) if len(widths) == 1 else network


def _of_other_shape(weights: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    return [key for key in own if key in weights and own[key].shape != weights[key].shape]


def _read(path: Path) -> Any:
    """Read a file of weights. Raise ``UserError`` for one with other objects, or by a PyTorch that is not safe."""
    import torch

    head = read_head(path, 8, LARGEST, "weights")
    if not head.startswith((ZIP, PICKLE)):
        from safetensors.torch import load_file

        with loading(path.name, "safetensors"):
            return load_file(path)
    if tuple(map(int, torch.__version__.split(".")[:2])) < SAFE:
        raise UserError(f"{path.name} needs torch {SAFE[0]}.{SAFE[1]} or later: earlier ones may run code in weights")
    if head.startswith(ZIP):
        with loading(path.name, "PyTorch weights"), open_archive(path) as archive:
            refuse_expansion(sum(info.file_size for info in archive.infolist()), path)
    import pickle

    try:
        with loading(path.name, "PyTorch weights"):
            return torch.load(path, map_location="cpu", weights_only=True)
    except UserError as error:
        if not isinstance(error.__cause__, pickle.UnpicklingError):
            raise
        raise UserError(
            f"{path.name} is a pickle that holds more than weights, and is not read because reading it would run "
            "code: save only the weights (torch.save(model.state_dict(), ...)), or the model with torch.export"
        ) from None


def _weights_in(content: Any, name: str) -> dict[str, Any]:
    """Return the weights in a checkpoint: all of it, or its only part that consists of arrays."""
    parts = {"": content} | (dict(content) if isinstance(content, Mapping) else {})
    found = {key: dict(part) for key, part in parts.items() if _are_weights(part)}
    if len(found) != 1:
        listed = ", ".join(shown(str(key)) for key in parts if key != "")
        raise UserError(f"{name} holds {len(found)} sets of weights, not one; its parts: {shown(listed) or 'none'}")
    (weights,) = found.values()
    parallel = all(key.startswith(PARALLEL) for key in weights)
    return {key.removeprefix(PARALLEL) if parallel else key: value for key, value in weights.items()}


def _are_weights(part: Any) -> bool:
    import torch

    if not isinstance(part, Mapping) or not part:
        return False
    return all(isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in part.items())
