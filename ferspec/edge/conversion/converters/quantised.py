"""Quantises float32 TFLite files by ai-edge-quantizer, without TensorFlow."""

from __future__ import annotations

from contextlib import redirect_stderr
from io import StringIO
from typing import Any

from ferspec.edge.conversion.converters.signatures import with_signature
from ferspec.edge.conversion.job import Job
from ferspec.files import read_bounded
from ferspec.subjects.models.base import LARGEST
from ferspec.subjects.models.quiet import quiet


def float16(job: Job) -> bytes:
    """Store weights as float16; they are computed with as float32."""
    from ai_edge_quantizer.algorithm_manager import AlgorithmName
    from ai_edge_quantizer.recipe_manager import RecipeManager

    manager = RecipeManager()
    manager.add_weight_only_config(".*", "*", 16, algorithm_key=AlgorithmName.FLOAT_CASTING)
    return _quantised(job, manager.get_quantization_recipe())


def dynamic_int8(job: Job) -> bytes:
    """Store weights as int8 for each channel; activations are quantised when they are used."""
    from ai_edge_quantizer import recipe

    return _quantised(job, recipe.dynamic_wi8_afp32())


def full_int8(job: Job) -> bytes:
    """Quantise weights, activations, input and output to int8, by the ranges of the calibration images."""
    from ai_edge_quantizer import recipe

    return _quantised(job, recipe.static_wi8_ai8())


def _quantised(job: Job, recipe: Any) -> bytes:
    from ai_edge_quantizer.quantizer import Quantizer

    content = with_signature(read_bounded(job.path, LARGEST, "a TFLite model"), job.path.name)
    # a progress bar is written to the stream that sys.stderr names
    with quiet(), redirect_stderr(StringIO()):
        work = Quantizer(content, recipe)
        ranges = _ranges(job, content, recipe) if work.need_calibration else None
        result = work.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def _ranges(job: Job, content: bytes, recipe: Any) -> Any:
    """Return the least and largest value of each tensor over the calibration images.

    The quantiser's own moving average forgets all but the last images, and cuts off larger values.
    """
    from ai_edge_quantizer.calibrator import Calibrator
    from ai_edge_quantizer.recipe_manager import RecipeManager
    from ai_edge_quantizer.utils.qsv_utils import min_max_update

    manager = RecipeManager()
    manager.load_quantization_recipe(recipe)
    calibrator = Calibrator(content, num_threads=1, qsv_update_func=min_max_update)
    calibrator.calibrate(_samples(job, content), manager)
    return calibrator.get_model_qsvs()


def _samples(job: Job, content: bytes) -> dict[str, list[dict[str, Any]]]:
    """Return the calibration images as the inputs of the file's signature."""
    from ai_edge_litert.interpreter import Interpreter

    ((key, names),) = Interpreter(model_content=content).get_signature_list().items()
    return {key: [{names["inputs"][0]: image} for image in job.images()]}
