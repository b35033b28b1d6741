"""ferspec: an executable protocol for facial expression recognition, and its judge."""

from typing import TYPE_CHECKING

from ferspec import grid as _grid
from ferspec.late import late

if TYPE_CHECKING:
    from ferspec import callbacks as callbacks
    from ferspec import dataset as dataset
    from ferspec import metrics as metrics
    from ferspec.api import grid as grid
    from ferspec.api.audit import audit as audit
    from ferspec.api.certify import certify as certify
    from ferspec.api.compare import compare as compare
    from ferspec.api.compare import rank as rank
    from ferspec.api.conform import conform as conform
    from ferspec.api.dataset.inspect import inspect as inspect
    from ferspec.api.edge import convert as convert
    from ferspec.api.evaluate import evaluate as evaluate
    from ferspec.api.recommend import recommend as recommend
    from ferspec.api.train import train as train
    from ferspec.api.verify import verify as verify
    from ferspec.reference.weighting import class_weights as class_weights
    from ferspec.use.assess import assess as assess
    from ferspec.zoo import build_model as build_model

__version__ = "0.2.0"

_VERBS = ("audit", "certify", "compare", "conform", "evaluate", "recommend", "train", "verify")
_PLACES = {
    **{verb: f"ferspec.api.{verb}" for verb in _VERBS},
    **{module: f"ferspec.{module}" for module in ("callbacks", "dataset", "grid", "metrics")},
    "assess": "ferspec.use.assess",
    "build_model": "ferspec.zoo",
    "class_weights": "ferspec.reference.weighting",
    "convert": "ferspec.api.edge",
    "inspect": "ferspec.api.dataset.inspect",
    "rank": "ferspec.api.compare",
}
__all__ = ["__version__", *_PLACES]
__getattr__, __dir__ = late(__name__, _PLACES)

# the package of the grid lies below these verbs, and must not import them itself
_GRID = {verb: f"ferspec.api.grid.{verb}" for verb in ("band", "findings", "judge")}
vars(_grid).update(__all__=[*_GRID], **dict(zip(("__getattr__", "__dir__"), late(_grid.__name__, _GRID), strict=True)))
