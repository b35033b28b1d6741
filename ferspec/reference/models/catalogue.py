"""The catalogue of networks: names, rows of the tables, and ways to build them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import get_args

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.models import keras_applications, vggface
from ferspec.spec.layers import base_of
from ferspec.spec.names import nearest
from ferspec.spec.recipes import layers_of
from ferspec.spec.records import Network, Profile, Resolution, Weights
from ferspec.spec.shapes import NoRoomError

GRAY = "MediaPipeVGGNet"
# the largest height and width for which a network is built
LARGEST = 4096


@dataclass(frozen=True)
class Row:
    """One trained network: a row of Table 2 (48×48), Table 3 (224×224) or Table 4."""

    network: str
    weights: Weights
    resolution: Resolution

    @property
    def place(self) -> str:
        """The table of the paper that contains the row."""
        return "Table 4" if self.network == GRAY else f"Table {2 if self.resolution == 48 else 3}"

    @property
    def parameters(self) -> int:
        """All parameters with seven classes, as run (FER-N-02)."""
        return spec.load().networks[self.network].parameter_total(self.weights, self.resolution)

    @property
    def trainable_parameters(self) -> int:
        """The parameters that a gradient changes when all layers are trained.

        These are all except the statistics of normalisation.
        """
        base = base_of(self.network, self.weights)
        if base is not None:
            return self.parameters - base.statistics
        table = layers_of(self.network, self.resolution)
        # a normalisation has four numbers per channel, two of them statistics; a RepVGG block has two normalisations
        norms = sum(layer.parameters // 2 for layer in table if layer.type == "BatchNormalization")
        blocks = sum(4 * layer.shape[-1] for layer in table if layer.type == "RepVGGBlock")
        return self.parameters - norms - blocks


def rows() -> tuple[Row, ...]:
    """Return the 43 rows of Tables 2 and 3, then MediaPipe + VGGNet."""
    cells = [Row(cell.architecture, cell.weights, cell.resolution) for cell in spec.load().cells]
    return (*dict.fromkeys(cells), Row(GRAY, "scratch", 48))


def find(name: str) -> Network:
    """Return a network by name; case, spaces and signs do not matter. ``UserError`` with the nearest names."""
    networks = {plain(network): network for network in spec.load().networks}
    networks["resnet18dropoutdense"] = "ResNet18"
    if plain(name) not in networks:
        near = [networks[word] for word in nearest(plain(name), networks)]
        hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(spec.load().networks)}"
        raise UserError(f"unknown network {name!r}: {hint}")
    return spec.load().networks[networks[plain(name)]]


def plain(name: str) -> str:
    """Return a network's name in lower case, with letters and digits only."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def weights_of(network: str) -> tuple[str, ...]:
    """Return the possible initial weights of a network, besides a file."""
    bases: Mapping[str, Collection[str]] = {"imagenet": keras_applications.NETWORKS, "vggface": vggface.NETWORKS}
    known = spec.load().texts("FER-P-01", "weights")
    return tuple(name for name in known if name not in bases or network in bases[name])


def smallest_side(network: str, weights: str) -> int:
    """Return the least height and width of a network's input, in pixels."""
    if uses_vggface(network, weights):
        return vggface.NETWORKS[network].smallest
    if network in keras_applications.NETWORKS:
        return keras_applications.NETWORKS[network][1]
    return _smallest_side(network)


@cache
def _smallest_side(network: str) -> int:
    return next(side for side in range(1, LARGEST) if all(_has_room(network, side, name) for name in get_args(Profile)))


def _has_room(network: str, side: int, profile: Profile) -> bool:
    try:
        layers_of(network, side, profile)
    except NoRoomError:
        return False
    return True


def uses_vggface(network: str, weights: str) -> bool:
    """Return whether the base is keras-vggface's: for its weights, and always for SENet50."""
    return network in vggface.NETWORKS and (weights == "vggface" or network not in keras_applications.NETWORKS)


def errata_of(network: str) -> tuple[str, ...]:
    """Return the ids of the errata about a network or about its cells."""
    book = spec.load()
    cells = {cell.id for cell in book.cells if cell.architecture == network}
    return tuple(
        erratum.id for erratum in book.errata if network in erratum.networks or not cells.isdisjoint(erratum.cells)
    )
