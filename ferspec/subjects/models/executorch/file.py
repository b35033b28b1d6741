"""Load ExecuTorch programs (.pte) and run them by ExecuTorch's own runtime."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.extras import require_package
from ferspec.files import read_bounded
from ferspec.subjects.models.base import (
    LARGEST,
    Model,
    Signature,
    Sink,
    file_digest,
    image_axes,
    loading,
    require_image_input,
)
from ferspec.subjects.models.quiet import quiet

METHOD = "forward"
FLOAT32 = 6


def load(path: Path, trust_code: bool = False) -> Model:
    """Load a program whose method ``forward`` takes a batch of images.

    Safe to load: a program is a list of instructions for the operators and backends that the runtime was built with;
    it holds no code of its author, and a program with other operators is refused by the runtime, also with
    ``trust_code``. The runtime verifies the structure of the file first. Not covered: running time and memory, and
    defects of the runtime that a crafted file exploits.
    """
    name = path.name
    require_package(f"running {name}", "executorch")
    content = read_bounded(path, LARGEST, "an ExecuTorch program")
    with loading(name, "an ExecuTorch program"), quiet():
        from executorch.runtime import Runtime

        program = Runtime.get().load_program(content)
        if METHOD not in program.method_names:
            raise UserError(f"{name} has no method {METHOD!r}: export the network with torch.export, and convert that")
        described = program.metadata(METHOD)
        sizes: tuple[int, ...] = described.input_tensor_meta(0).sizes() if described.num_inputs() else ()
        require_image_input(name, described.num_inputs(), len(sizes))
        if described.input_tensor_meta(0).dtype() != FLOAT32:
            raise UserError(f"{name} has an input of another type than float32: convert the float32 model")
        sinks = tuple(
            Sink(name=str(place), shape=tuple(described.output_tensor_meta(place).sizes()))
            for place in range(described.num_outputs())
        )
        method = program.load_method(METHOD)
    return Model(
        name=name,
        format="executorch",
        digest=file_digest(path),
        signature=Signature(**image_axes(sizes, None), batch=sizes[0], outputs=sinks),
        run=partial(_run, program, content, method),
    )


def _run(program: Any, content: bytes, method: Any, batch: np.ndarray) -> tuple[np.ndarray, ...]:
    """Run a method, which points into its program and the program's bytes without keeping them."""
    import torch

    # the runtime reuses the memory of its outputs
    return tuple(np.array(answer) for answer in method.execute([torch.from_numpy(batch)]))
