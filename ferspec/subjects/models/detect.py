"""Detect the format of a model file from its content. Its name is used only in messages."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ferspec.errors import UserError, one_line
from ferspec.extras import require_package
from ferspec.files import is_regular_file, open_archive, open_regular, read_head
from ferspec.subjects.models.base import LARGEST
from ferspec.subjects.models.forms import DOCUMENTS, FOLDERS, GRAPH, form_among, form_of, sentence
from ferspec.subjects.models.huggingface.folder import is_model_folder
from ferspec.subjects.models.keras.beside import is_network_file, json_keys

HDF5 = b"\x89HDF\r\n\x1a\n"
ZIP = b"PK\x03\x04"
TFLITE = b"TFL3"
# of ExecuTorch: 12 is the version of its schema
EXECUTORCH = b"ET12"
HEAD = 512
# the network of an OpenVINO model
NETWORK = re.compile(rb"(<\?xml[^>]*>)?\s*<net\s")

NAMES = {
    ".keras": "Keras",
    ".h5": "Keras HDF5",
    ".hdf5": "Keras HDF5",
    ".tflite": "TFLite",
    ".onnx": "ONNX",
    ".xml": "OpenVINO",
    ".pt": "TorchScript",
    ".pth": "TorchScript",
    ".torchscript": "TorchScript",
    ".pt2": "torch.export",
    ".pte": "ExecuTorch",
}
# what runs a format; the core install runs the others
FRAMEWORKS = {
    "keras": "tensorflow",
    "keras-h5": "tensorflow",
    "savedmodel": "tensorflow",
    "torchscript": "torch",
    "torch-export": "torch",
    "pytorch-weights": "torch",
    "huggingface": "transformers",
    "openvino": "openvino",
    "executorch": "executorch",
}
# the suffixes under which torch.save wrote weights before its archives
WEIGHTS = frozenset({".pth", ".pt", ".t7", ".tar", ".bin", ".ckpt"})
PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle"})
KNOWN = (
    "Keras (.keras, .h5), TensorFlow SavedModel, TFLite, ONNX, OpenVINO, ExecuTorch, TorchScript, PyTorch weights, "
    "safetensors, a Hugging Face folder or package.module:callable"
)


def detect(path: Path) -> str:
    """Return the format of a model: a key of ``formats.ADAPTERS``.

    Raise ``UserError`` for a missing or empty file, a folder that is not a SavedModel, a pickle (reading it would run
    code, so pickles are never read), or any file that is not a model.
    """
    if not path.exists():
        raise UserError(f"{path}: no such model file or folder")
    if path.is_dir():
        return _detect_folder(path)
    head = read_head(path, HEAD, LARGEST, "a model")
    if not head:
        raise UserError(f"{path} is empty (0 bytes)")
    if head.startswith(HDF5):
        return "keras-h5"
    if head[4:8] == TFLITE:
        return "tflite"
    if head[4:8] == EXECUTORCH:
        return "executorch"
    if head.startswith(ZIP):
        return _detect_zip(path)
    if NETWORK.match(head):
        return "openvino"
    if _is_safetensors(path, head) or (path.suffix.lower() in WEIGHTS and head.startswith(b"\x80\x02")):
        return "pytorch-weights"
    if _is_pickle(path, head):
        raise _pickle(path)
    if (form := form_of(head, path.suffix)) is not None:
        raise UserError(sentence(path, form))
    if head.lstrip().startswith(b"{"):
        return _detect_json(path)
    if _looks_like_onnx(head):
        return "onnx"
    raise UserError(_unknown(path))


def require_runnable(path: Path) -> None:
    """Raise ``UserError`` for a file that is not a model, or needs a missing extra."""
    package = FRAMEWORKS.get(detect(path))
    if package is not None:
        require_package(f"running {path.name}", package)


def _detect_folder(path: Path) -> str:
    if is_regular_file(path / "saved_model.pb"):
        _require_plain_files(path)
        return "savedmodel"
    if is_model_folder(path):
        _require_plain_files(path)
        return "huggingface"
    if (path / "saved_model.pbtxt").is_file():
        raise UserError(f"{path} is a SavedModel in text form: save it again in binary form")
    if (form := form_among((name for name in FOLDERS if is_regular_file(path / name)), FOLDERS)) is not None:
        raise UserError(sentence(path, form))
    networks = [inner for inner in path.glob("*.xml") if NETWORK.match(read_head(inner, HEAD))]
    if networks:
        raise UserError(f"{path} is a folder with an OpenVINO model: give {min(networks)}")
    if is_regular_file(inner := path / "model.json"):
        _detect_json(inner)
        raise UserError(f"{path} is a folder with a Keras network: give {inner}")
    raise UserError(
        f"{path} is neither a TensorFlow SavedModel (saved_model.pb) nor a Hugging Face model (config.json and "
        "model.safetensors)"
    )


def _require_plain_files(folder: Path) -> None:
    """Raise ``UserError`` for a folder that holds a device, pipe or socket, or too much."""
    total = 0
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            with open_regular(path) as file:
                total += os.fstat(file.fileno()).st_size
            if total > LARGEST:
                raise UserError(f"{folder}: too large for a model: its files may have at most {LARGEST:,} bytes in all")


def _detect_zip(path: Path) -> str:
    try:
        with open_archive(path) as archive:
            members = archive.namelist()
    except Exception as error:  # a damaged or hostile archive can raise anything inside zipfile
        kind = NAMES.get(path.suffix.lower(), "model")
        raise UserError(f"{path} is a truncated or damaged {kind} archive: {one_line(error)}") from error
    if "config.json" in members:
        return "keras"
    inner = {member.partition("/")[2] for member in members}
    if "constants.pkl" in inner and any(name.startswith("code/") for name in inner):
        return "torchscript"
    if "models/model.json" in inner:
        return "torch-export"
    if "serialized_exported_program.json" in members:
        raise UserError(f"{path} was exported by PyTorch before 2.8: export the model again with PyTorch 2.8 or later")
    if "data.pkl" in inner:
        return "pytorch-weights"
    raise UserError(f"{path} is a zip archive without a Keras or PyTorch model: unpack it and give the model in it")


def _is_safetensors(path: Path, head: bytes) -> bool:
    # a length in 8 bytes, and a JSON object of that length
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size


def _is_pickle(path: Path, head: bytes) -> bool:
    # Protocols from 2 begin with the opcode PROTO and the version; older pickles are recognised by their suffix only.
    return (head[0] == 0x80 and head[1:2] <= b"\x05") or path.suffix.lower() in PICKLES


def _pickle(path: Path) -> UserError:
    advice = (
        "save it with torch.export.save, or export it to ONNX"
        if path.suffix.lower() in {".pt", ".pth", ".bin"}
        else "export it to ONNX"
    )
    return UserError(
        f"{path} is a pickle, which is never read because reading it would run code: {advice}, "
        "or give a package.module:callable that loads it"
    )


def _detect_json(path: Path) -> str:
    if is_network_file(path):
        return "keras-json"
    form = form_among(json_keys(path), DOCUMENTS)
    raise UserError(sentence(path, form) if form else f"{path} is a JSON file without a Keras network (model.to_json)")


def _looks_like_onnx(head: bytes) -> bool:
    # A ModelProto begins with field 1 (ir_version, a small number), followed by the producer, graph or opsets.
    return len(head) > 2 and head[0] == 0x08 and 0 < head[1] < 0x80 and head[2] in {0x12, 0x1A, 0x22, 0x3A, 0x42}


def _unknown(path: Path) -> str:
    kind = NAMES.get(path.suffix.lower())
    if kind:
        return f"{path} does not hold {kind} data, as its name says: it is damaged, or has another format"
    if path.suffix == ".pb":
        return sentence(path, GRAPH)
    return f"{path} is not a model of a supported format: {KNOWN}"
