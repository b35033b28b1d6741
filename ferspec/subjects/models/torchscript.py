"""TorchScript archives, as torch.jit.save writes them."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.models.base import COLOUR_CHANNELS, Model, Signature, file_digest, loading, missing_extra

FILE_ACCESS = re.compile(r"\b(?:torch\.(?:save|from_file|load)|ops\.aten\.(?:save|from_file))\b")


def load(path: Path, trust_code: bool = False) -> Model:
    """Return the model of a TorchScript archive, fed (n, channels, height, width).

    Vouched for: only archives with compiled code are read, by ``torch.jit.load``, whose language has no access to
    Python; ``torch.load`` and pickle are never used. Its language can write and map files (``torch.save``,
    ``torch.from_file``): code that names either is refused unless ``trust_code``. Not vouched for: how long it
    computes, or defects of the interpreter itself.
    """
    name = path.name
    if not trust_code:
        _refuse_file_access(path)
    try:
        import torch
    except ImportError as error:
        raise missing_extra(name, "TorchScript", "torch") from error

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


def _channels(module) -> int | None:
    # The archive keeps no shapes; the first convolution's kernel (out, in, height, width) tells its input's channels.
    kernel = next((weight for weight in module.parameters() if weight.ndim == 4), None)
    return kernel.shape[1] if kernel is not None and kernel.shape[1] in COLOUR_CHANNELS else None


def _refuse_file_access(path: Path) -> None:
    with loading(path.name, "TorchScript"), zipfile.ZipFile(path) as archive:
        sources = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")}
    for source in sources.values():
        found = FILE_ACCESS.search(source)
        if found:
            raise UserError(
                f"{path.name} reads or writes files when it runs ({found.group()}): refused; "
                "--trust-code runs it all the same"
            )
