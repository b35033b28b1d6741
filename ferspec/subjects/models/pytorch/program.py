"""Evaluate the graph of a program that torch.export saved, with operators that only compute."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ferspec.errors import UserError
from ferspec.subjects.models.base import shown
from ferspec.subjects.models.torchscript.operators import COMPUTING

TARGET = re.compile(r"torch\.ops\.aten\.(\w+)\.(\w+)")
# operators of exported programs that TorchScript does not have; they compute too
EXPORTED = frozenset({"_assert_scalar", "alias", "lift_fresh_copy", "scalar_tensor", "sym_numel", "sym_size"})
ARITHMETIC = {
    f"_operator.{name}": getattr(operator, name)
    for name in ("add", "sub", "mul", "floordiv", "truediv", "mod", "neg", "eq", "ne", "lt", "le", "gt", "ge")
}
TYPES = {1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64"}
TYPES |= {12: "bool", 13: "bfloat16"}
MEMORY_FORMATS = {1: "contiguous_format", 2: "channels_last", 3: "channels_last_3d", 4: "preserve_format"}
STRIDED = 7
POSITIONAL = 1


class Program:
    """Evaluate nodes one after the other; a value is forgotten after its last use.

    Raise ``UserError`` for an operator that is not known to only compute, before anything runs.
    """

    def __init__(self, graph: Mapping[str, Any], name: str) -> None:
        self._steps = [(_function(node["target"], name), node) for node in graph["nodes"]]
        self._last: dict[str, int] = {}
        for place, (_, node) in enumerate(self._steps):
            self._last |= dict.fromkeys(_names((node["inputs"], node["outputs"])), place)

    def __call__(self, values: dict[str, Any], wanted: list[str]) -> list[Any]:
        """Evaluate the nodes from named values, and return the wanted ones."""
        values = dict(values)
        for place, (function, node) in enumerate(self._steps):
            arguments = [(item.get("kind"), item["name"], _value(item["arg"], values)) for item in node["inputs"]]
            positional = [value for kind, _, value in arguments if kind == POSITIONAL]
            answer = function(*positional, **{name: value for kind, name, value in arguments if kind != POSITIONAL})
            _store(node["outputs"], answer, values)
            for name in set(_names((node["inputs"], node["outputs"]))) - set(wanted):
                if self._last[name] == place:
                    values.pop(name, None)
        return [values[name] for name in wanted]


def dtype_of(number: int) -> Any:
    """Return PyTorch's type for its number in an exported program."""
    import torch

    return getattr(torch, TYPES[number])


def _function(target: str, name: str) -> Callable[..., Any]:
    import torch

    found = TARGET.fullmatch(target)
    if found and found[1] in COMPUTING | EXPORTED:
        operations = getattr(torch.ops.aten, found[1], None)
        # any other attribute, such as __setattr__, leads to Python
        if operations is not None and found[2] in operations.overloads():
            return getattr(operations, found[2])
    if target in ARITHMETIC:
        return ARITHMETIC[target]
    raise UserError(f"{name} uses the operator {shown(target)}, which may not be safe: refused; export it to ONNX")


def _names(node: Any) -> Iterator[str]:
    """Yield the names of all values in arguments or outputs."""
    if isinstance(node, dict):
        for key, item in node.items():
            if key in ("as_tensor", "as_custom_obj"):
                yield item["name"]
            elif key == "as_name":
                yield item
            else:
                yield from _names(item)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _names(item)


def _value(argument: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """Return the value of an argument. Raise ``ValueError`` for a kind that is not known."""
    import torch

    ((kind, content),) = ((kind, content) for kind, content in argument.items() if content is not None)
    if kind in ("as_tensor", "as_tensors"):
        return values[content["name"]] if kind == "as_tensor" else [values[item["name"]] for item in content]
    if kind == "as_name":
        return values[content]
    if kind in ("as_sym_int", "as_sym_bool", "as_sym_float", "as_optional_tensor"):
        return _value(content, values)
    if kind in ("as_sym_ints", "as_sym_bools", "as_sym_floats", "as_optional_tensors"):
        return [_value(item, values) for item in content]
    known: dict[str, Callable[[Any], Any]] = {
        "as_none": lambda _: None,
        "as_int": int,
        "as_bool": bool,
        "as_float": float,
        "as_string": str,
        "as_ints": list,
        "as_bools": list,
        "as_strings": list,
        "as_int_lists": list,
        "as_floats": lambda numbers: list(map(float, numbers)),
        "as_scalar_type": dtype_of,
        "as_memory_format": lambda number: getattr(torch, MEMORY_FORMATS[number]),
        "as_layout": lambda number: {STRIDED: torch.strided}[number],
        # the program runs on the processor, wherever it was exported
        "as_device": lambda _: torch.device("cpu"),
    }
    if kind not in known:
        raise ValueError(f"an argument of the kind {kind} is not supported")
    return known[kind](content)


def _store(outputs: list[dict[str, Any]], answer: Any, values: dict[str, Any]) -> None:
    """Keep the answer of an operator under the names of its outputs; an assertion has none."""
    if not outputs:
        return
    if len(outputs) == 1 and "as_tensors" not in outputs[0]:
        answer = [answer]
    names = [name for output in outputs for name in _output_names(output)]
    values.update(zip(names, answer, strict=False))


def _output_names(output: Mapping[str, Any]) -> list[str]:
    if "as_tensors" in output:
        return [item["name"] for item in output["as_tensors"]]
    return list(_names(output)) or [""]
