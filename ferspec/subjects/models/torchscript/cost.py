"""Count parameters and multiply-adds of a PyTorch network, by running it on one image."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ferspec.subjects.models.cost import Cost, Image


def cost_of(module: Any, image: Image) -> Cost:
    """Return the cost of one image to a module."""
    return counted(module, module.state_dict().values(), image)


def counted(run: Callable[[Any], object], tensors: Iterable[Any], image: Image, batch_size: int = 1) -> Cost:
    """Return the cost of one of ``batch_size`` images. Multiplications are those that PyTorch itself counts."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    stored = [tensor for tensor in tensors if tensor.is_floating_point()]
    like = stored[0] if stored else torch.zeros(0)
    batch = torch.zeros((batch_size, *image), dtype=like.dtype, device=like.device)
    # fused kernels of attention are not counted
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            run(batch)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    parameters = sum(tensor.numel() for tensor in stored)
    return Cost(parameters=parameters or None, multiply_adds=counter.get_total_flops() // 2 // batch_size or None)
