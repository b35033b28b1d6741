"""Converts networks of PyTorch to ONNX, TFLite and ExecuTorch, by way of torch.export."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ferspec.edge.conversion.job import Job, operators_in, require_float, require_supported
from ferspec.files import read_bounded
from ferspec.subjects.models.base import LARGEST
from ferspec.subjects.models.pytorch.exported import Exported
from ferspec.subjects.models.quiet import quiet

OPSET = 18
# how the converters list operators that they lack
LISTS = (
    r"Lowering not found: (?:torch\.ops\.)?aten\.(\w+)",
    r"No (?:ONNX function|decompositions registered|Adapter).*?aten\.(\w+)",
    r"operator aten::(\w+) is not",
    r"Missing out variants: \{([^}]*)\}",
)


def to_onnx(job: Job) -> bytes:
    """Convert to ONNX, for one image at a time with channels first."""
    import torch

    program = _exported(job)
    with tempfile.TemporaryDirectory() as folder, quiet():
        path = Path(folder) / "model.onnx"
        try:
            written: Any = torch.onnx.export(program, dynamo=True, opset_version=OPSET, verbose=False)
        except Exception as error:
            require_supported(operators_in(str(error), LISTS), "torch.onnx")
            raise
        written.save(str(path), external_data=False)
        return read_bounded(path, LARGEST, "an ONNX model")


def to_tflite(job: Job) -> bytes:
    """Convert to float32 TFLite, for one image at a time with channels last."""
    with quiet():
        import litert_torch

        network = litert_torch.to_channel_last_io(_contiguous(_network(job)), args=[0]).eval()
        try:
            written = litert_torch.convert(network, (_example(job).permute(0, 2, 3, 1).contiguous(),))
        except Exception as error:
            require_supported(operators_in(str(error), LISTS), "litert-torch")
            raise
        with tempfile.TemporaryDirectory() as folder:
            written.export(str(Path(folder) / "model.tflite"))
            return read_bounded(Path(folder) / "model.tflite", LARGEST, "a TFLite model")


def to_executorch(job: Job) -> bytes:
    """Convert to an ExecuTorch program for XNNPACK.

    It takes one image at a time, with channels first.
    """
    program = _exported(job)
    with quiet():
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import to_edge_transform_and_lower

        try:
            lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
            return bytes(lowered.to_executorch().buffer)
        except Exception as error:
            require_supported(operators_in(str(error), LISTS), "ExecuTorch")
            raise


def _example(job: Job) -> Any:
    import torch

    return torch.zeros((1, *job.shape), dtype=torch.float32)


def _exported(job: Job) -> Any:
    """Return the program of torch.export for one image."""
    import torch

    with quiet(), torch.no_grad():
        return torch.export.export(_network(job), (_example(job),))


def _network(job: Job) -> Any:
    """Return a module of the network that answers with the chosen output only."""
    require_float(job.model.signature.dtype, job.path)
    import torch

    place, network = job.place(lambda batch: _run(job.model.network, batch)), job.model.network
    if isinstance(network, torch.jit.ScriptModule):
        from torch.fx.experimental.proxy_tensor import make_fx

        # torch.export takes no TorchScript; its operators are recorded while it runs
        with torch.no_grad():
            return make_fx(lambda image: _leaf(network(image), place))(_example(job)).eval()
    return _chosen(network, place).eval()


def _run(network: Any, batch: Any) -> Any:
    import torch

    with torch.inference_mode():
        return _plain(network(torch.from_numpy(batch)))


def _leaf(answer: Any, place: int) -> Any:
    from torch.utils._pytree import tree_leaves

    return [leaf for leaf in tree_leaves(_plain(answer)) if leaf is not None][place]


def _plain(answer: Any) -> Any:
    """Return the scores of an answer of transformers, and any other as it is."""
    return getattr(answer, "logits", answer)


def _contiguous(network: Any) -> Any:
    """Return a module that lays its images out in memory without gaps, as views expect."""
    from torch import nn

    class Contiguous(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network

        def forward(self, image: Any) -> Any:
            return self.inner(image.contiguous())

    return Contiguous()


def _chosen(network: Any, place: int) -> Any:
    """Return a module that answers with one output of a network."""
    from torch import nn

    class Chosen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = _module(network) if isinstance(network, Exported) else network

        def forward(self, image: Any) -> Any:
            return _leaf(self.inner(image), place)

    return Chosen()


def _module(exported: Exported) -> Any:
    """Return a module that evaluates an exported program, with its arrays as buffers."""
    from torch import nn

    class Program(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.names = list(exported.values)
            for place, name in enumerate(self.names):
                self.register_buffer(f"array{place}", exported.values[name])

        def forward(self, image: Any) -> Any:
            values = {name: getattr(self, f"array{place}") for place, name in enumerate(self.names)}
            return exported(image, values)

    return Program()
