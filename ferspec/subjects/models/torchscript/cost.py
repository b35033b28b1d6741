"""Count parameters and multiply-adds of a PyTorch module, by running it on one image."""

from __future__ import annotations

from typing import Any

from ferspec.subjects.models.cost import Cost, Image


def cost_of(module: Any, image: Image) -> Cost:
    """Return the cost of one image. Multiplications are those that PyTorch itself counts."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    stored = [tensor for tensor in module.state_dict().values() if tensor.is_floating_point()]
    like = stored[0] if stored else torch.zeros(0)
    batch = torch.zeros((1, *image), dtype=like.dtype, device=like.device)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        module(batch)
    parameters = sum(tensor.numel() for tensor in stored)
    return Cost(parameters=parameters or None, multiply_adds=counter.get_total_flops() // 2 or None)
