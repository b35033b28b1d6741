"""Build any network of the protocol, at any possible resolution, with or without weights."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any, get_args

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.models import catalogue, keras_applications, legacy_h5, native_h5, vggface
from ferspec.reference.models.assembly import assembled
from ferspec.reference.models.heads import add_head, base_layer
from ferspec.reference.models.preprocessing import GRAY, RESCALED, Preprocessing
from ferspec.reference.models.weightless import weightless
from ferspec.reference.models.weights import SCRATCH, Start, inspect_file, load_base, load_file, locate
from ferspec.spec.layers import Pooling
from ferspec.spec.recipes import self_built
from ferspec.spec.records import DEFAULT_PROFILE, Profile

# the value of FER-P-07 by which every network reads the rescaled image
DIVIDED = "x / 255"
# above the protocol's resolutions a dense kernel can exceed any memory: 4 GiB in float32
MOST_PARAMETERS = 2**30


@dataclass(frozen=True)
class Built:
    """A network with the facts for its contract: architecture, input and initial weights."""

    model: Any
    network: str
    resolution: int
    profile: Profile
    preprocessing: Preprocessing
    start: Start


def build(
    name: str,
    resolution: int | tuple[int, ...],
    weights: str | Path | None = None,
    classes: int | None = None,
    profile: Profile = DEFAULT_PROFILE,
    pooling: Pooling | None = None,
    weights_dir: str | Path | None = None,
    fed: Preprocessing | None = None,
) -> Built:
    """Build a network of the protocol as a Keras model.

    It maps (n, resolution, resolution, 3) to (n, classes). ``weights`` is ``imagenet``, ``vggface``, ``scratch`` or a
    file. The default is that of the runs (FER-P-02): ImageNet for a base for which Keras has weights, VGGFace for
    SENet50, and scratch for the rest. ``profile`` is ``released`` (as
    run) or ``paper`` (as written); ``pooling`` overrides that of the head on a base. ``resolution`` may be a shape.
    The network of MediaPipe + VGGNet reads one channel. ``fed`` is the preprocessing of the network in a file, where a
    contract states it; ``paper`` uses it. ``classes`` is by default the number of the protocol.

    ``UserError`` for an unknown network, weights it does not have, a resolution without room for it, another number of
    channels, fewer than two classes, and weights that do not fill every array of the base;
    under ``paper`` also for a file that fits bases fed in different ways, without ``fed``.
    """
    network, kind, side = _resolved(name, weights, weights_dir, resolution)
    classes = _classes(classes)
    _require_choices(network, profile, pooling)
    preprocessing = _preprocessing(network, kind, profile, fed)
    if side > max(spec.load().integers("FER-G-02", "resolutions")):
        _require_room(network, side, _outline(network, kind, side, classes, profile, pooling))
    if self_built(network):
        base, model = None, assembled(network, side, classes, profile)
    else:
        base = _base(network, kind, side)
        model = add_head(base, network.lower(), classes, profile, pooling)
    if kind == "scratch":
        start = SCRATCH
    elif isinstance(kind, Path):
        start = load_file(model, base, network, kind)
    else:
        start = load_base(base, network, kind, locate(network, kind, weights_dir))
    return Built(model, network, side, profile, preprocessing, start)


def outline(
    name: str,
    resolution: int,
    weights: str | Path | None = None,
    classes: int | None = None,
    profile: Profile = DEFAULT_PROFILE,
    pooling: Pooling | None = None,
) -> Any:
    """Return the same model without values in its variables, for inspection.

    This is fast and needs no file. If ``weights`` is a file, it must fill the network.
    """
    network, kind, side = _resolved(name, weights, None, resolution)
    classes = _classes(classes)
    _require_choices(network, profile, pooling)
    model = _outline(network, kind, side, classes, profile, pooling)
    if isinstance(kind, Path):
        inspect_file(model, base_layer(model), network, kind)
    return model


def preprocessing_of(network: str, kind: str, profile: Profile) -> Preprocessing:
    """Return a network's preprocessing: x / 255; profile ``paper``: that of its base."""
    if network == catalogue.GRAY:
        return GRAY
    rescaled = spec.load().text("FER-P-07", "preprocessing", profile) == DIVIDED
    if rescaled or self_built(network) or kind == "scratch":
        return RESCALED
    if catalogue.uses_vggface(network, kind):
        return vggface.NETWORKS[network].preprocessing
    return keras_applications.NETWORKS[network][0]


def preprocessing_for(
    name: str, weights: str | Path | None, profile: Profile, fed: Preprocessing | None = None
) -> Preprocessing:
    """Return the preprocessing of a network for any ``weights`` of ``build``."""
    network = _named(name)
    return _preprocessing(network, _kind(network, weights, None), profile, fed)


def _preprocessing(network: str, kind: str | Path, profile: Profile, fed: Preprocessing | None) -> Preprocessing:
    if not isinstance(kind, Path):
        return preprocessing_of(network, kind, profile)
    if fed is not None and profile == "paper":
        return fed
    starts = _starts(network, kind)
    ways = {preprocessing_of(network, start, profile) for start in starts}
    if len(ways) > 1:
        raise UserError(
            f"{kind.name} fits {network} from {' and from '.join(starts)}, which the profile paper feeds differently: "
            f"say which it was in a contract beside it, {kind.name}.contract.toml"
        )
    return ways.pop()


def _starts(network: str, path: Path) -> tuple[str, ...]:
    """Return the possible initial weights of a network in a file.

    A file in the published layout contains a pre-trained base.
    """
    known = catalogue.weights_of(network)
    if self_built(network):
        return known
    if legacy_h5.is_legacy(path):
        return ("vggface" if _is_vggface(network, path) else "imagenet",)
    if _is_vggface(network, path):
        return tuple(kind for kind in known if catalogue.uses_vggface(network, kind))
    if network in vggface.NETWORKS and _fits(path, vggface, network):
        return known
    return tuple(kind for kind in known if kind != "vggface")


def _outline(network: str, kind: str | Path, side: int, classes: int, profile: Profile, pooling: Pooling | None) -> Any:
    if self_built(network):
        return weightless(lambda: assembled(network, side, classes, profile))
    return weightless(lambda: add_head(_base(network, kind, side), network.lower(), classes, profile, pooling))


def _base(network: str, kind: str | Path, side: int) -> Any:
    return (vggface if _is_vggface(network, kind) else keras_applications).build_base(network, side)


def _is_vggface(network: str, kind: str | Path) -> bool:
    if not isinstance(kind, Path) or network not in vggface.NETWORKS:
        return catalogue.uses_vggface(network, str(kind))
    if network not in keras_applications.NETWORKS:
        return True
    if legacy_h5.is_legacy(kind):
        return legacy_h5.has_layer(kind, vggface.NETWORKS[network].first)
    return not _fits(kind, keras_applications, network) and _fits(kind, vggface, network)


def _fits(path: Path, library: Any, network: str) -> bool:
    """Return whether a file of a whole network has all shapes of a library's base."""
    least = catalogue.smallest_side(network, "vggface" if library is vggface else "imagenet")
    base = weightless(lambda: library.build_base(network, least))
    return Counter(tuple(variable.shape) for variable in base.weights) <= Counter(native_h5.shapes(path))


def _named(name: str) -> str:
    if not isinstance(name, str):
        raise UserError(f"a network is named by a text, not by {name!r}: see 'ferspec models list'")
    return catalogue.find(name).name


def _resolved(
    name: str, weights: str | Path | None, folder: str | Path | None, resolution: int | tuple[int, ...]
) -> tuple[str, str | Path, int]:
    """Return a network's name, initial weights and side; ``UserError`` if they do not fit."""
    network = _named(name)
    kind = _kind(network, weights, folder)
    return network, kind, _side(network, kind, resolution)


def _require_room(network: str, side: int, model: Any) -> None:
    total = model.count_params()
    if total > MOST_PARAMETERS:
        raise UserError(
            f"{network} at {side}x{side} would have {total:,} parameters, {total * 4 / 2**30:,.0f} GiB: "
            "choose a smaller resolution"
        )


def _kind(network: str, weights: str | Path | None, folder: str | Path | None) -> str | Path:
    """Return a network's initial weights: a name of FER-P-01, or the path of a file."""
    known = catalogue.weights_of(network)
    if weights is None:
        return known[0]
    if weights in known:
        return str(weights)
    if weights in spec.load().texts("FER-P-01", "weights"):
        raise UserError(f"there are no {weights} weights of {network}: choose {', '.join(known)} or a file")
    path = Path(folder or "", weights)
    if not path.is_file():
        raise UserError(f"weights {str(weights)!r} of {network}: neither {', '.join(known)} nor a file")
    return path


def _side(network: str, kind: str | Path, resolution: int | tuple[int, ...]) -> int:
    channels = 1 if network == catalogue.GRAY else 3
    height, width, depth = (*_sides(resolution), channels)[:3]
    if depth != channels:
        raise UserError(f"{network} reads images of {channels} channels, not {depth}")
    if height != width:
        raise UserError(f"{network} reads square images, not {height}x{width}")
    least = catalogue.smallest_side(network, "vggface" if _is_vggface(network, kind) else "imagenet")
    if not least <= height <= catalogue.LARGEST:
        most = f"{catalogue.LARGEST}x{catalogue.LARGEST}"
        raise UserError(f"{network} has no room at {height}x{height}: it needs {least}x{least} to {most}")
    return height


def _sides(resolution: int | tuple[int, ...]) -> tuple[int, ...]:
    sides = tuple(resolution) if isinstance(resolution, tuple | list) else (resolution, resolution)
    if len(sides) not in (2, 3) or not all(isinstance(side, Integral) for side in sides):
        raise UserError(f"resolution {resolution!r} is neither a number of pixels nor (height, width, channels)")
    return tuple(map(int, sides))


def _classes(classes: int | None) -> int:
    if classes is None:
        return len(spec.load().classes)
    if not isinstance(classes, Integral) or classes < 2:
        raise UserError(f"a classifier has 2 classes or more, not {classes}")
    return int(classes)


def _require_choices(network: str, profile: str, pooling: str | None) -> None:
    if profile not in get_args(Profile):
        raise UserError(f"unknown profile {profile!r}: known are {', '.join(get_args(Profile))}")
    if pooling is not None and self_built(network):
        raise UserError(f"{network} has no head to pool before: pooling is that of a base's head")
    if pooling not in (None, *get_args(Pooling)):
        raise UserError(f"unknown pooling {pooling!r}: known are {', '.join(get_args(Pooling))}")
