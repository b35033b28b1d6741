"""Which source is converted to which format, measured: ``python tests/conversions_table.py --write``.

Each small network of ``helpers/sources.py`` is converted from each format of files to each format of small devices. The
table shows to how many of 200 images the converted file gives the class of the original. It replaces the table in
docs/edge.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from ferspec.edge.conversion import convert
from ferspec.edge.conversion.routes import refusal_of
from ferspec.edge.records import FORMATS, Conversion
from ferspec.files.writing import write_whole
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.synthetic.demo import demo_model_path
from helpers.conversions import DEMO, agreement, answers
from helpers.sources import noise, save_huggingface, save_keras, save_torch

PAGE = Path(__file__).parents[1] / "docs" / "edge.md"
BEGIN, END = "<!-- table of conversions -->\n", "<!-- end of the table -->\n"
IMAGES, CALIBRATION = 200, 50
NAMES = {
    "keras": "Keras 3, `.keras`",
    "keras-h5": "Keras, `.h5`",
    "keras-json": "Keras, JSON and weights",
    "savedmodel": "TensorFlow SavedModel",
    "tflite": "TFLite, float32 (the demo)",
    "onnx": "ONNX, float32",
    "torch-export": "torch.export, `.pt2`",
    "torchscript": "TorchScript",
    "pytorch-weights": "PyTorch weights, safetensors",
    "huggingface": "Hugging Face folder",
}
REFUSED = {"openvino": "OpenVINO", "callable": "a Python function"}


def sources(folder: Path) -> Iterator[tuple[str, Path, Contract]]:
    """Yield format, path and contract of each source that can be written here."""
    found = save_keras(folder)
    if find_spec("torch"):
        found |= save_torch(folder)
        if find_spec("transformers"):
            found |= save_huggingface(folder)
    found["tflite"] = (demo_model_path(), DEMO)
    (made,) = convert(*found["keras"], folder / "onnx", [], formats=["onnx-float32"])
    if made.path is not None and made.contract is not None:
        found["onnx"] = (made.path, made.contract)
    for kind in NAMES:
        if kind in found:
            yield kind, *found[kind]


def row(kind: str, path: Path, contract: Contract, reasons: list[str]) -> str:
    """Return the row of one source; reasons are numbered in the order of their appearance."""
    images = noise(IMAGES, 1)
    expected = answers(path, contract, images)
    cells = []
    with tempfile.TemporaryDirectory() as folder:
        for made in convert(path, contract, Path(folder), [noise(CALIBRATION, 2)]):
            print(kind, made.format, made.reason or "", file=sys.stderr, flush=True)
            cells.append(cell(made, images, expected, reasons))
    return f"| {NAMES[kind]} | " + " | ".join(cells) + " |"


def cell(made: Conversion, images, expected, reasons: list[str]) -> str:
    if made.path is None or made.contract is None:
        return numbered(made.reason or "", reasons)
    return f"{100 * agreement(answers(made.path, made.contract, images), expected):.1f} %"


def numbered(reason: str, reasons: list[str]) -> str:
    if reason not in reasons:
        reasons.append(reason)
    return f"– ({reasons.index(reason) + 1})"


def table() -> str:
    """Return the table, and the reasons below it."""
    reasons: list[str] = []
    lines = ["| from | " + " | ".join(f"`{name}`" for name in FORMATS) + " |", "| --- |" + " --- |" * len(FORMATS)]
    with tempfile.TemporaryDirectory() as folder:
        lines += [row(*source, reasons) for source in sources(Path(folder))]
    for kind, title in REFUSED.items():
        lines.append(f"| {title} |" + f" {numbered(refusal_of(kind), reasons)} |" * len(FORMATS))
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join([*lines, "", *notes]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="replace the table in docs/edge.md")
    writes = parser.parse_args().write
    text = table()
    if not writes:
        print(text)
        return
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    write_whole(PAGE, before + BEGIN + text + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
