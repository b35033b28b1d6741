"""Inspect the pickles of a TorchScript archive without making any of their objects."""

from __future__ import annotations

import pickletools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ferspec.errors import UserError
from ferspec.subjects.models.base import shown

CLASS = re.compile(r"__torch__(\.\w+)* \w+")
# Classes of C++, whose __setstate__ runs when the archive is loaded.
NATIVE = "__torch__.torch.classes"
# Bytes of an element, by the name of the storage.
STORAGES = {
    **dict.fromkeys(("Byte", "Char", "Bool"), 1),
    **dict.fromkeys(("Half", "BFloat16", "Short"), 2),
    **dict.fromkeys(("Float", "Int"), 4),
    **dict.fromkeys(("Double", "Long", "ComplexFloat"), 8),
    "ComplexDouble": 16,
}
TENSOR = "torch._utils _rebuild_tensor_v2"
PLAIN = frozenset(
    {
        TENSOR,
        "collections OrderedDict",
        "torch device",
        "torch._utils _rebuild_parameter",
        "torch.jit._pickle build_boollist",
        "torch.jit._pickle build_doublelist",
        "torch.jit._pickle build_intlist",
        "torch.jit._pickle build_tensorlist",
        "torch.jit._pickle restore_type_tag",
        *(f"torch {kind}Storage" for kind in STORAGES),
    }
)
TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
# What else torch.jit.save writes: opcodes that push their argument, and those that take values and push nothing.
VALUES = frozenset({"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"})
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_LIST": "list", "EMPTY_DICT": "dict"}
TAKEN = {"APPEND": 1, "SETITEM": 2, "BUILD": 1}
MARK = object()
OBJECT = object()


@dataclass(frozen=True)
class _Name:
    """What a GLOBAL names: a class or a function, which is never looked up."""

    text: str


@dataclass(frozen=True)
class _Storage:
    elements: int


@dataclass
class Contents:
    """Hold the classes of a pickle's objects, and the bytes that each storage needs."""

    name: str
    classes: dict[str, None] = field(default_factory=dict)
    storages: dict[str, int] = field(default_factory=dict)


def inspect_pickle(content: bytes, name: str) -> Contents:
    """Follow the opcodes of a pickle on a stack of placeholders.

    Return what the pickle would make. PyTorch reads these pickles with a reader of its own, which knows no Python
    objects and trusts their sizes. Raise ``UserError`` for an opcode or object that ``torch.jit.save`` does not
    write, for classes of C++, and for tensors that are larger than their storage. ``name`` is the file's name in
    the message.
    """
    contents = Contents(name)
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    try:
        for opcode, value, _ in pickletools.genops(content):
            argument: Any = value
            if opcode.name in ("BINPUT", "LONG_BINPUT"):
                memo[argument] = stack[-1]
            elif opcode.name in ("BINGET", "LONG_BINGET"):
                stack.append(memo[argument])
            else:
                _step(opcode.name, argument, stack, contents)
    except (ValueError, LookupError, TypeError) as error:
        raise UserError(f"{name} is a damaged TorchScript archive: one of its pickles cannot be parsed") from error
    return contents


def require_whole(contents: Contents, sizes: Mapping[str, int]) -> None:
    """Raise ``UserError`` where a storage is missing, or has fewer bytes than a pickle says. ``sizes`` are by key."""
    for key, size in contents.storages.items():
        if sizes.get(key, -1) < size:
            raise UserError(f"{contents.name} is a damaged TorchScript archive: the weights {shown(key)!r} are cut off")


def _step(opcode: str, argument: Any, stack: list[Any], contents: Contents) -> None:
    if opcode == "MARK":
        stack.append(MARK)
    elif opcode == "GLOBAL":
        _require_known(str(argument), contents)
        stack.append(_Name(str(argument)))
    elif opcode in VALUES:
        stack.append(argument)
    elif opcode in CONSTANTS:
        stack.append(CONSTANTS[opcode])
    elif opcode in TUPLES:
        stack.append(tuple(_take(stack, TUPLES[opcode])))
    elif opcode in ("TUPLE", "LIST"):
        stack.append(tuple(_take_marked(stack)))
    elif opcode in TAKEN:
        _take(stack, TAKEN[opcode])
    elif opcode in ("APPENDS", "SETITEMS"):
        _take_marked(stack)
    elif opcode in ("REDUCE", "NEWOBJ"):
        maker, arguments = _take(stack, 2)
        if maker == _Name(TENSOR):
            _require_inside(arguments, contents)
        stack.append(OBJECT)
    elif opcode == "BINPERSID":
        stack.append(_storage(stack.pop(), contents))
    elif opcode not in ("PROTO", "STOP"):
        raise UserError(f"{contents.name} has the pickle opcode {opcode}, which TorchScript does not use: refused")


def _take(stack: list[Any], count: int) -> list[Any]:
    if count > len(stack) or MARK in stack[len(stack) - count :]:
        raise ValueError("the stack is too short")
    taken = stack[len(stack) - count :]
    del stack[len(stack) - count :]
    return taken


def _take_marked(stack: list[Any]) -> list[Any]:
    start = len(stack) - 1 - stack[::-1].index(MARK)
    taken = stack[start + 1 :]
    del stack[start:]
    return taken


def _require_known(text: str, contents: Contents) -> None:
    """Record a class of TorchScript; raise ``UserError`` for what is neither that nor plain data."""
    if text in PLAIN:
        return
    if text.startswith(NATIVE) or not CLASS.fullmatch(text):
        raise UserError(
            f"{contents.name} holds an object of {shown(text.replace(' ', '.'))}, which is not part of TorchScript "
            "code: refused; add --trust-code to load it anyway"
        )
    contents.classes[text.replace(" ", ".")] = None


def _storage(reference: Any, contents: Contents) -> _Storage:
    _, kind, key, _, elements = reference
    size = STORAGES[kind.text.removeprefix("torch ").removesuffix("Storage")] if isinstance(kind, _Name) else None
    if size is None or not isinstance(key, str) or not isinstance(elements, int) or elements < 0:
        raise ValueError("not a storage")
    contents.storages[key] = max(contents.storages.get(key, 0), elements * size)
    return _Storage(elements)


def _require_inside(arguments: Any, contents: Contents) -> None:
    storage, offset, shape, strides, *_ = arguments
    if not isinstance(storage, _Storage) or len(shape) != len(strides):
        raise ValueError("not a tensor")
    numbers = (offset, *shape, *strides)
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise ValueError("not a tensor")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if 0 not in shape and last >= storage.elements:
        raise UserError(f"{contents.name} is a damaged TorchScript archive: a tensor is larger than its storage")
