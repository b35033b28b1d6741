"""Inspect the pickles of a TorchScript archive without reading them."""

from __future__ import annotations

import pickletools
import re

from ferspec.errors import UserError
from ferspec.subjects.models.base import shown

CLASS = re.compile(r"__torch__(\.\w+)* \w+")
# Classes of C++, whose __setstate__ runs when the archive is loaded.
NATIVE = "__torch__.torch.classes"
STORAGE = re.compile(
    r"torch (Float|Double|Half|BFloat16|Byte|Char|Short|Int|Long|Bool|ComplexFloat|ComplexDouble)Storage"
)
PLAIN = frozenset(
    {
        "collections OrderedDict",
        "torch device",
        "torch._utils _rebuild_parameter",
        "torch._utils _rebuild_tensor_v2",
        "torch.jit._pickle build_boollist",
        "torch.jit._pickle build_doublelist",
        "torch.jit._pickle build_intlist",
        "torch.jit._pickle build_tensorlist",
        "torch.jit._pickle restore_type_tag",
    }
)
# What torch.jit.save writes; PyTorch's reader knows a few more.
OPCODE_NAMES = """
    PROTO STOP MARK GLOBAL REDUCE NEWOBJ BUILD BINPERSID BINPUT LONG_BINPUT BINGET LONG_BINGET NONE NEWTRUE NEWFALSE
    BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE EMPTY_LIST LIST APPEND APPENDS EMPTY_DICT SETITEM SETITEMS
    EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3
"""
OPCODES = frozenset(OPCODE_NAMES.split())


def classes_in(content: bytes, name: str) -> list[str]:
    """Return the TorchScript classes that a pickle makes objects of, by qualified name.

    The pickle is only split into its opcodes. PyTorch reads it with a reader of its own, which knows no Python objects.
    Raise ``UserError`` for an opcode or object that ``torch.jit.save`` does not write, and for classes of C++.
    ``name`` is the file's name in the message.
    """
    classes: dict[str, None] = {}
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if opcode.name not in OPCODES:
                raise UserError(f"{name} has the pickle opcode {opcode.name}, which TorchScript does not use: refused")
            if opcode.name == "GLOBAL" and _is_class(str(argument), name):
                classes[str(argument).replace(" ", ".")] = None
    except ValueError as error:
        raise UserError(f"{name} is a damaged TorchScript archive: one of its pickles is incomplete") from error
    return list(classes)


def _is_class(argument: str, name: str) -> bool:
    """Return whether a GLOBAL names a TorchScript class; raise ``UserError`` if it is neither that nor plain data."""
    if argument in PLAIN or STORAGE.fullmatch(argument):
        return False
    if argument.startswith(NATIVE) or not CLASS.fullmatch(argument):
        raise UserError(
            f"{name} holds an object of {shown(argument.replace(' ', '.'))}, which is not part of TorchScript code: "
            "refused; add --trust-code to load it anyway"
        )
    return True
