"""Load TorchScript archives written by torch.jit.save."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.extras import missing_extra
from ferspec.subjects.models.base import COLOUR_CHANNELS, Model, Signature, file_digest, loading

FILE_ACCESS = re.compile(r"\b(?:torch\.(?:save|from_file|load)|ops\.aten\.(?:save|from_file))\b")


def load(path: Path, trust_code: bool = False) -> Model:
    """Load a TorchScript archive with input (n, channels, height, width).

    Safe to load: only archives of compiled code are read, with ``torch.jit.load``, and their language cannot access
    Python. ``torch.load`` and pickle are never used. Code that can write or map files (``torch.save``,
    ``torch.from_file``) is refused unless ``trust_code`` is set. Not covered: running time, and defects of the
    interpreter.
    """
    name = path.name
    if not trust_code:
        _refuse_file_access(path)
    try:
        import torch
    except ModuleNotFoundError:
        raise missing_extra(f"running {name}", "torch") from None

    with loading(name, "TorchScript"):
        module = torch.jit.load(str(path), map_location="cpu").eval()
    parameter = next(module.parameters(), None)
    dtype = torch.float32 if parameter is None else parameter.dtype

    def run(batch: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return module(torch.from_numpy(batch).to(dtype)).float().numpy()

    return Model(
        name=name,
        format="torchscript",
        digest=file_digest(path),
        signature=Signature(
            channels=_channels(module), layout="channels_first", dtype=str(dtype).removeprefix("torch.")
        ),
        run=run,
    )


def _channels(module: Any) -> int | None:
    # The archive has no shapes; the first convolution's kernel (out, in, height, width) has the input's channels.
    kernel = next((weight for weight in module.parameters() if weight.ndim == 4), None)
    return kernel.shape[1] if kernel is not None and kernel.shape[1] in COLOUR_CHANNELS else None


def _refuse_file_access(path: Path) -> None:
    with loading(path.name, "TorchScript"), zipfile.ZipFile(path) as archive:
        sources = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")}
    for source in sources.values():
        match = FILE_ACCESS.search(source)
        if match:
            raise UserError(
                f"{path.name} reads or writes files when it runs ({match.group()}): refused; "
                "add --trust-code to run it anyway"
            )
