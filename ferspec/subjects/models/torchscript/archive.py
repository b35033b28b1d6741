"""Load TorchScript archives written by torch.jit.save."""

from __future__ import annotations

import ast
import io
import re
import warnings
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.extras import missing_extra
from ferspec.subjects.models.base import COLOUR_CHANNELS, Model, Signature, file_digest, loading, shown
from ferspec.subjects.models.expansion import refuse_expansion
from ferspec.subjects.models.quiet import quiet
from ferspec.subjects.models.torchscript.cost import cost_of
from ferspec.subjects.models.torchscript.graphs import archive_of, require_computing
from ferspec.subjects.models.torchscript.pickles import inspect_pickle, require_whole

# Members that PyTorch needs; others (debug information, code for phones, older formats) are not handed to it.
DATA = re.compile(r"data\.pkl|constants\.pkl|(\.data/)?version|byteorder|(data|constants)/\d+|code/[\w/]+\.py")
CODE = re.compile(r"code/.+\.py")
LARGEST_CODE = 16 * 2**20
MOST_MEMBERS = 100_000


def load(path: Path, trust_code: bool = False) -> Model:
    """Load a TorchScript archive, usually with input (n, channels, height, width).

    Safe to load: PyTorch compiles the code of the archive, and every operator of every function is looked up in a list
    of operators that only compute (``operators``). Only then are the archive's objects made, which may run a method
    ``__setstate__``. Unless ``trust_code`` is set, anything else is refused: other operators (files, printing, threads,
    remote calls), classes of C++ and pickles that ``torch.jit.save`` does not write. PyTorch gets a fresh archive of
    what was checked. ``torch.load`` and pickle are never used. Not covered: running time and memory, and defects of
    PyTorch.
    """
    name = path.name
    try:
        import torch
    except ModuleNotFoundError:
        raise missing_extra(f"running {name}", "torch") from None

    source: Any = str(path) if trust_code else io.BytesIO(_checked(path))
    with loading(name, "TorchScript"), quiet():
        module = torch.jit.load(source, map_location="cpu").eval()
    parameter = next(module.parameters(), None)
    dtype = torch.float32 if parameter is None else parameter.dtype

    def run(batch: np.ndarray) -> Any:
        with torch.inference_mode():
            return module(torch.from_numpy(batch).to(dtype))

    return Model(
        name=name,
        format="torchscript",
        digest=file_digest(path),
        signature=Signature(
            channels=_channels(module),
            layout="channels_first",
            dtype=str(dtype).removeprefix("torch."),
            guessed={"channels": "those of the first convolution", "layout": "the usual one of PyTorch"},
        ),
        run=run,
        count_cost=partial(cost_of, module),
        network=module,
    )


def _channels(module: Any) -> int | None:
    # The archive has no shapes; the first convolution's kernel (out, in, height, width) has the input's channels.
    kernel = next((weight for weight in module.parameters() if weight.ndim == 4), None)
    return kernel.shape[1] if kernel is not None and kernel.shape[1] in COLOUR_CHANNELS else None


def _checked(path: Path) -> bytes:
    """Return a fresh archive of the members that PyTorch needs, after checking code and pickles."""
    members = _members(path)
    for member, content in members.items():
        if CODE.fullmatch(member):
            _require_flat(content, path.name)
    classes: dict[str, None] = {}
    for folder in ("data", "constants"):
        contents = inspect_pickle(members[f"{folder}.pkl"], path.name)
        sizes = {member.removeprefix(f"{folder}/"): len(content) for member, content in members.items()}
        require_whole(contents, sizes)
        classes |= contents.classes
    if not classes:
        raise UserError(f"{path.name} is a damaged TorchScript archive: it holds no object of a class")
    code = {member: content for member, content in members.items() if not member.startswith("data")}
    require_computing(code, list(classes), path.name)
    return archive_of(members)


def _members(path: Path) -> dict[str, bytes]:
    """Read the members that PyTorch needs, without the name of the archive's folder.

    Raise ``UserError`` for members that are missing or doubled, several folders, and members that expand too much.
    """
    with loading(path.name, "TorchScript"), zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        if len(infos) > MOST_MEMBERS:
            raise UserError(
                f"{path.name} has {len(infos):,} members; a TorchScript archive has at most {MOST_MEMBERS:,}"
            )
        roots = {info.filename.partition("/")[0] for info in infos}
        if len(roots) != 1 or len({info.filename.casefold() for info in infos}) < len(infos):
            raise UserError(f"{path.name} has duplicate members or several folders: save it again with torch.jit.save")
        present = {info.filename.partition("/")[2]: info for info in infos}
        present = {member: info for member, info in present.items() if DATA.fullmatch(member)}
        refuse_expansion(sum(info.file_size for info in present.values()), path)
        code = sum(info.file_size for member, info in present.items() if CODE.fullmatch(member))
        if code > LARGEST_CODE:
            raise UserError(f"{path.name} has {code:,} bytes of code; at most {LARGEST_CODE:,} are read")
        members = {member: archive.read(info) for member, info in present.items()}
    for needed in ({"data.pkl"}, {"constants.pkl"}, {"version", ".data/version"}):
        if not needed & members.keys():
            raise UserError(f"{path.name} is a damaged TorchScript archive: it has no {max(needed)}")
    return members


def _require_flat(source: bytes, name: str) -> None:
    """Raise ``UserError`` for code that is nested deeper than Python allows: PyTorch's compiler would overflow."""
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = shown(getattr(error, "msg", None) or type(error).__name__)
        raise UserError(f"{name} has code that torch.jit.save would not write ({reason}): refused") from error
