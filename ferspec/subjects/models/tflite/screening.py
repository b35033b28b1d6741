"""Inspect a TFLite file, whose flatbuffer the runtime has verified, before its tensors are allocated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from ferspec.errors import UserError
from ferspec.subjects.models.base import shown

LARGEST_TENSOR = 2**31


def refuse_custom_operators(graph: Any, name: str) -> None:
    """Raise ``UserError`` for operators that are not built into TFLite."""
    codes = [graph.OperatorCodes(index).CustomCode() for index in range(graph.OperatorCodesLength())]
    custom = sorted({shown(code.decode(errors="replace")) for code in codes if code})
    if custom:
        raise UserError(
            f"{name} needs operators that are not built into TFLite ({shown(', '.join(custom))}), which may not be "
            "safe: refused; add --trust-code to run them anyway"
        )


def refuse_damage(graph: Any, schema: ModuleType, size: int, name: str) -> None:
    """Raise ``UserError`` for subgraphs that call themselves, buffers beyond the end, and huge tensors.

    ``size`` is that of the file. The runtime recurses into subgraphs without a limit.
    """
    calls = {index: set(_calls(graph.Subgraphs(index), schema)) for index in range(graph.SubgraphsLength())}
    if not set().union(*calls.values()) <= calls.keys():
        raise UserError(f"{name} is a damaged TFLite file: it calls a subgraph that it does not have")
    if _has_cycle(calls):
        raise UserError(f"{name} has subgraphs that call themselves: refused")
    for index in range(graph.BuffersLength()):
        buffer = graph.Buffers(index)
        if buffer.Offset() > 1 and buffer.Offset() + buffer.Size() > size:
            raise UserError(f"{name} is a damaged TFLite file: a buffer lies beyond its end")
    for shape in _shapes(graph):
        if math.prod(shape) > LARGEST_TENSOR:
            raise UserError(f"{name} has a tensor of shape {shown(str(shape))}: at most {LARGEST_TENSOR:,} elements")


def _calls(subgraph: Any, schema: ModuleType) -> Iterator[int]:
    """Yield the subgraphs that the operators of a subgraph call: the options of such an operator hold their indices."""
    for index in range(subgraph.OperatorsLength()):
        operator = subgraph.Operators(index)
        for kind, table, names in (
            (operator.BuiltinOptionsType(), operator.BuiltinOptions(), schema.BuiltinOptions),
            (operator.BuiltinOptions2Type(), operator.BuiltinOptions2(), schema.BuiltinOptions2),
        ):
            known = {value: key for key, value in vars(names).items() if not key.startswith("_")}
            if table is None or not kind or kind not in known:
                continue
            options = getattr(schema, known[kind])()
            options.Init(table.Bytes, table.Pos)
            for field in dir(options):
                if field.endswith("SubgraphIndex") or field == "Subgraph":
                    yield getattr(options, field)()


def _has_cycle(calls: dict[int, set[int]]) -> bool:
    left = dict(calls)
    while left:
        ready = [index for index, called in left.items() if not called & left.keys()]
        if not ready:
            return True
        for index in ready:
            del left[index]
    return False


def _shapes(graph: Any) -> Iterator[list[int]]:
    for index in range(graph.SubgraphsLength()):
        subgraph = graph.Subgraphs(index)
        for place in range(subgraph.TensorsLength()):
            tensor = subgraph.Tensors(place)
            yield [max(tensor.Shape(axis), 1) for axis in range(tensor.ShapeLength())]
