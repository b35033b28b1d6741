"""Inspect an ONNX file before ONNX Runtime loads it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.subjects.models.base import MissingFiles, shown
from ferspec.subjects.models.expansion import refuse_expansion
from ferspec.subjects.models.onnx.operators import COMPUTING, RUNTIME, STANDARD

Bodies = dict[tuple[str, str], list[Any]]

# ONNX Runtime copies the body of a function to each of its calls.
MOST_NODES = 1_000_000
EXTERNAL_KEYS = frozenset({"location", "offset", "length", "checksum"})
# A location that ONNX Runtime reads as an address in memory.
MEMORY = "*/_ORT_MEM_ADDR_/*"
MOST_DIGITS = 18


def refuse_damage(proto: Any, path: Path) -> None:
    """Raise ``UserError`` for names that are not UTF-8, and for functions that grow too large."""
    if any(not isinstance(text, str) for text in _texts(proto)):
        raise UserError(f"{path.name} is a damaged ONNX file: a name in it is not UTF-8")
    bodies: Bodies = defaultdict(list)
    for function in proto.functions:
        bodies[function.domain, function.name].append(function)
    sizes: dict[tuple[str, str], int] = {}
    if _size(proto.graph, bodies, sizes) > MOST_NODES:
        raise UserError(
            f"{path.name} has functions that call themselves, or grow to over {MOST_NODES:,} nodes: refused"
        )


def refuse_foreign_operators(proto: Any, name: str) -> None:
    """Raise ``UserError`` for operators other than ONNX's, ONNX Runtime's and the file's own."""
    own = {(function.domain, function.name) for function in proto.functions}
    foreign = {(node.domain, node.op_type) for node in _nodes(proto)} - own
    foreign = {
        (domain, kind)
        for domain, kind in foreign
        if domain not in STANDARD and not (domain == RUNTIME and kind in COMPUTING)
    }
    if foreign:
        domains = shown(", ".join(sorted({f"{domain}.{kind}" for domain, kind in foreign})))
        raise UserError(
            f"{name} needs third-party operators ({domains}), which may not be safe: "
            "refused; add --trust-code to try them anyway"
        )


def external_weights(proto: Any, path: Path) -> list[Path]:
    """Return the external weight files.

    Raise ``MissingFiles`` for files that cannot be read, and ``UserError`` for one outside the model's folder or
    shorter than the weights that it should hold, and for tensors whose shapes need far more memory than all files have
    bytes.
    """
    folder = path.parent.resolve()
    declared, parts = 0, []
    for tensor in _tensors(proto):
        size = _declared(tensor, path.name)
        declared += size
        if not tensor.external_data:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        if len(entries) < len(tensor.external_data) or not entries.keys() <= EXTERNAL_KEYS:
            raise UserError(f"{path.name} describes its external weights in a way that ONNX does not define: refused")
        parts.append((entries, size, _inside(entries.get("location", ""), folder, path.name)))
    files = {file: path.parent / file.relative_to(folder) for _, _, file in parts}
    _require_readable(files, path.name)
    for entries, size, file in parts:
        _require_bytes(entries, size, file, path.name)
    refuse_expansion(max(0, declared - sum(file.stat().st_size for file in (path, *files))), path)
    return sorted(files.values())


def _inside(location: str, folder: Path, name: str) -> Path:
    place = shown(location)
    if location == MEMORY or "\0" in location:
        raise UserError(f"{name} reads weights from the memory of the process ({place}): refused")
    file = (folder / location).resolve()
    if not file.is_relative_to(folder):
        raise UserError(f"{name} reads weights outside its own folder ({place}): refused")
    return file


def _require_readable(files: dict[Path, Path], name: str) -> None:
    """Raise ``MissingFiles`` unless all files can be opened; a sandbox may show files that it does not open."""
    missing = []
    for file, stated in files.items():
        try:
            file.open("rb").close()
        except OSError:
            missing.append(stated)
    if missing:
        place = shown(str(min(missing).name))
        raise MissingFiles(f"{name} needs weights in {place}, which is missing from its folder", sorted(missing))


def _require_bytes(entries: dict[str, str], size: int, file: Path, name: str) -> None:
    numbers = [entries.get("offset", "0"), entries.get("length", str(size))]
    if not all(text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS for text in numbers):
        raise UserError(f"{name} is a damaged ONNX file: the place of its external weights is not a number")
    offset, length = map(int, numbers)
    if offset + max(length, size) > file.stat().st_size:
        raise UserError(
            f"{name} needs weights beyond the end of {shown(file.name)}: the file is truncated, or not the right one"
        )


def _declared(tensor: Any, name: str) -> int:
    """Return at most the bytes that a tensor needs: types of less than a byte count as two bits."""
    from onnx import helper

    if any(size < 0 for size in tensor.dims):
        raise UserError(f"{name} is a damaged ONNX file: a tensor has a negative size")
    try:
        size = helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{name} is a damaged ONNX file: a tensor has an unknown type") from error
    packed = helper.tensor_dtype_to_string(tensor.data_type).endswith(("INT4", "INT2", "FLOAT4E2M1"))
    return math.prod(tensor.dims) * size // (4 if packed else 1)


def _graphs(proto: Any) -> Iterator[Any]:
    """Yield the graph, the functions, and the graphs nested in nodes (branches and loops)."""
    trained = [graph for info in proto.training_info for graph in (info.initialization, info.algorithm)]
    waiting = [proto.graph, *proto.functions, *trained]
    while waiting:
        graph = waiting.pop()
        yield graph
        waiting += [inner for node in graph.node for inner in _inner(node)]


def _inner(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        yield from [attribute.g] if attribute.HasField("g") else []
        yield from attribute.graphs


def _nodes(proto: Any) -> Iterator[Any]:
    for graph in _graphs(proto):
        yield from graph.node


def _tensors(proto: Any) -> Iterator[Any]:
    for graph in _graphs(proto):
        yield from getattr(graph, "initializer", [])
        yield from _parts(getattr(graph, "sparse_initializer", []))
    for node in _nodes(proto):
        for attribute in node.attribute:
            yield from [attribute.t] if attribute.HasField("t") else []
            yield from attribute.tensors
            yield from _parts(attribute.sparse_tensors)
            yield from _parts([attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else [])


def _parts(sparse_tensors: Any) -> Iterator[Any]:
    """Yield the stored parts of sparse tensors, and an empty tensor of the dense shape."""
    from onnx import TensorProto

    for sparse in sparse_tensors:
        yield from (sparse.values, sparse.indices)
        yield TensorProto(dims=sparse.dims, data_type=sparse.values.data_type)


def _texts(proto: Any) -> Iterator[Any]:
    for entry in proto.metadata_props:
        yield from (entry.key, entry.value)
    for graph in _graphs(proto):
        yield graph.name
        for part in ("input", "output", "value_info", "initializer"):
            yield from (getattr(item, "name", item) for item in getattr(graph, part, ()))
    for node in _nodes(proto):
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)
    for tensor in _tensors(proto):
        yield from (text for entry in tensor.external_data for text in (entry.key, entry.value))


def _size(graph: Any, bodies: Bodies, sizes: dict[tuple[str, str], int]) -> int:
    """Return how many nodes a graph has with all functions copied into it.

    The result is at most ``MOST_NODES + 1``. ``sizes`` holds the functions that are known. A function counts as too
    large while it is being counted, so one that calls itself is too large.
    """
    total = 0
    for node in graph.node:
        key = (node.domain, node.op_type)
        if key in bodies and key not in sizes:
            sizes[key] = MOST_NODES + 1
            sizes[key] = max(_size(body, bodies, sizes) for body in bodies[key])
        total += sizes.get(key, 1) + sum(_size(inner, bodies, sizes) for inner in _inner(node))
    return min(total, MOST_NODES + 1)
