"""Load programs that torch.export saved (.pt2), without torch.export.load, which evaluates text and pickles."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.files import open_archive
from ferspec.subjects.models.base import Model, Signature, Sink, file_digest, image_axes, loading, require_image_input
from ferspec.subjects.models.expansion import refuse_expansion
from ferspec.subjects.models.pytorch.module import require_torch, running
from ferspec.subjects.models.pytorch.program import Program, dtype_of
from ferspec.subjects.models.torchscript.cost import counted

TENSORS = {"weights": "weight_", "constants": "tensor_"}
# what an input specification holds beside its value, by kind
STORED = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}
MAPPINGS = ("builtins.dict", "collections.OrderedDict")


@dataclass(frozen=True)
class Exported:
    """Hold a program, its arrays, and the names of input and outputs."""

    program: Program
    values: Mapping[str, Any]
    input: str
    outputs: list[str]

    def __call__(self, batch: Any, values: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """Return the outputs for a batch, by the program's own arrays or others."""
        return tuple(self.program({**(self.values if values is None else values), self.input: batch}, self.outputs))


def load(path: Path, trust_code: bool = False) -> Model:
    """Load an exported program, usually with input (n, channels, height, width).

    Safe to load: only JSON and plain arrays are read, and ferspec evaluates the graph itself. All operators are looked
    up in the list for TorchScript; others, pickled arrays, custom objects and sub-graphs are refused, also with
    ``trust_code``. Not covered: running time and memory, and defects of PyTorch.
    """
    name = path.name
    require_torch(path)
    with loading(name, "an exported program"), open_archive(path) as archive:
        refuse_expansion(sum(info.file_size for info in archive.infolist()), path)
        root = archive.namelist()[0].partition("/")[0]
        module = json.loads(archive.read(f"{root}/models/model.json"))["graph_module"]
        arrays = {key: value for kind in TENSORS for key, value in _arrays(archive, root, kind, name).items()}
        graph, signature = module["graph"], module["signature"]
        program = Program(graph, name)
        values, inputs = _inputs(signature["input_specs"], arrays)
        outputs = [spec["user_output"]["arg"]["as_tensor"]["name"] for spec in _user(signature["output_specs"], name)]
        require_image_input(name, len(inputs), len(_sizes(graph, inputs[0])) if inputs else 0)
        shape, dtype = _sizes(graph, inputs[0]), dtype_of(graph["tensor_values"][inputs[0]]["dtype"])
        names = _names(module, len(outputs))
        sinks = tuple(Sink(name=key, shape=_sizes(graph, output)) for key, output in zip(names, outputs, strict=True))

    network = Exported(program, values, inputs[0], outputs)
    return Model(
        name=name,
        format="torch-export",
        digest=file_digest(path),
        signature=Signature(
            **image_axes(shape, None), dtype=str(dtype).removeprefix("torch."), batch=shape[0], outputs=sinks
        ),
        run=running(network, dtype),
        network=network,
        count_cost=lambda image: counted(network, values.values(), image, shape[0] or 1),
    )


def _arrays(archive: zipfile.ZipFile, root: str, kind: str, name: str) -> dict[str, Any]:
    """Read the weights or constants of a program. Raise ``UserError`` for pickles and custom objects."""
    import torch

    config = json.loads(archive.read(f"{root}/data/{kind}/model_{kind}_config.json"))["config"]
    arrays = {}
    for key, entry in config.items():
        if entry["use_pickle"] or not entry["path_name"].startswith(TENSORS[kind]):
            raise UserError(f"{name} holds pickled objects, which may run code: refused; export it to ONNX")
        meta, content = entry["tensor_meta"], bytearray(archive.read(f"{root}/data/{kind}/{entry['path_name']}"))
        flat = torch.frombuffer(content, dtype=dtype_of(meta["dtype"])) if content else torch.empty(0)
        sizes, strides = ([size["as_int"] for size in meta[axis]] for axis in ("sizes", "strides"))
        arrays[key] = torch.as_strided(flat, sizes, strides, meta["storage_offset"]["as_int"])
    return arrays


def _inputs(specs: list[dict[str, Any]], arrays: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the stored arrays and the user's inputs, by their names in the graph."""
    values, inputs = {}, []
    for spec in specs:
        ((kind, content),) = spec.items()
        if kind == "user_input":
            inputs.append(content["arg"]["as_tensor"]["name"])
        else:
            values[content["arg"]["name"]] = arrays[content[STORED[kind]]]
    return values, inputs


def _user(specs: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    if any("user_output" not in spec for spec in specs):
        raise UserError(f"{name} changes its own buffers: export it in evaluation mode (model.eval())")
    return specs


def _sizes(graph: Mapping[str, Any], name: str) -> tuple[int | None, ...]:
    return tuple(size.get("as_int") for size in graph["tensor_values"][name]["sizes"])


def _names(module: Mapping[str, Any], count: int) -> list[str]:
    """Return the keys of a mapping that the program returns, else numbers."""
    tree = json.loads(module["module_call_graph"][0]["signature"]["out_spec"])[1]
    keys = json.loads(tree["context"]) if tree["type"] in MAPPINGS else None
    return list(map(str, keys)) if isinstance(keys, list) and len(keys) == count else list(map(str, range(count)))
