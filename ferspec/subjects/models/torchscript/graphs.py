"""Compile the code of a TorchScript archive without running it, and check every operator."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from ferspec.errors import UserError
from ferspec.subjects.models.base import loading, shown
from ferspec.subjects.models.torchscript.operators import COMPUTING, LANGUAGE
from ferspec.subjects.models.torchscript.pickles import NATIVE

ROOT = "ferspec_inspection"
SOURCE = """class Root(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  classes : Tuple[{types}]
"""
ALLOWED = {"aten": COMPUTING, "prim": LANGUAGE}
# Nodes that make an object of a class, or call one of its methods.
OBJECTS = frozenset({"prim::CreateObject", "prim::CallMethod"})


def require_computing(members: dict[str, bytes], classes: list[str], name: str) -> None:
    """Raise ``UserError`` unless all code in an archive only computes.

    ``members`` are the code and constants of the archive, ``classes`` the qualified names of its objects. PyTorch's own
    compiler reads the code, so that nothing depends on another parser. It compiles all that the classes can reach, and
    no object is made: the archive that it reads refers to the classes and holds none of their data. So no
    ``__setstate__`` runs before the graphs are checked.
    """
    import torch

    compiler: Any = torch._C
    unit = compiler.CompilationUnit()
    with loading(name, "TorchScript"):
        compiler.import_ir_module_from_buffer(unit, _without_objects(members, classes), torch.device("cpu"), {}, False)
        functions = unit.get_functions()
    for function in functions:
        for node in _nodes(function.graph):
            _require_allowed(node, name)


def _without_objects(members: dict[str, bytes], classes: list[str]) -> bytes:
    """Return an archive of the code, with a root object that only names the classes."""
    types = ", ".join(["int"] * len(classes))
    names = b"".join(b"c%b\n%b\n" % tuple(part.encode() for part in kind.rsplit(".", 1)) for kind in classes)
    state = b"}(%b\x89%b(%btu" % (_text("training"), _text("classes"), names)
    root = b"\x80\x02c__torch__.%b\nRoot\n)\x81%bb." % (ROOT.encode(), state)
    code = {f"code/__torch__/{ROOT}.py": SOURCE.format(types=types).encode()}
    return archive_of(members | code | {"data.pkl": root})


def archive_of(members: dict[str, bytes]) -> bytes:
    """Return a TorchScript archive of members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"archive/{name}", content)
    return buffer.getvalue()


def _text(text: str) -> bytes:
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


def _nodes(graph: Any) -> Iterator[Any]:
    """Yield all nodes of a graph, those of nested blocks included."""
    waiting = [graph]
    while waiting:
        for node in waiting.pop().nodes():
            yield node
            waiting.extend(node.blocks())


def _require_allowed(node: Any, name: str) -> None:
    kind = node.kind()
    namespace, _, operator = kind.partition("::")
    if operator not in ALLOWED.get(namespace, frozenset()):
        raise UserError(
            f"{name} uses the operator {shown(kind)}, which may not be safe: refused; add --trust-code to run it anyway"
        )
    if kind in OBJECTS and any(owner.startswith(NATIVE) for owner in _classes(node)):
        raise UserError(
            f"{name} uses a C++ class ({NATIVE}), which may not be safe: refused; add --trust-code to run it anyway"
        )


def _classes(node: Any) -> Iterable[str]:
    types = [value.type() for value in (*node.inputs(), *node.outputs())]
    return [kind.qualified_name() for kind in types if kind.kind() == "ClassType"]
