"""A preprocessor of Hugging Face is read whole: its contract prepares images as transformers does."""

from importlib import import_module

import numpy as np
import pytest

from ferspec.subjects.models.huggingface.preprocessor import crops, prepared_by
from ferspec.subjects.models.preprocess import prepare_batch

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
PLAIN = {
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.5, 0.4, 0.3],
    "image_std": [0.2, 0.3, 0.4],
    "resample": 0,
    "rescale_factor": 1 / 255,
    "size": {"height": 16, "width": 16},
}
OFFSET = {"rescale_offset": True, "rescale_factor": 1 / 127.5}


@pytest.mark.parametrize("offset", [{}, OFFSET], ids=["no offset", "an offset"])
@pytest.mark.parametrize("top", [True, False])
@pytest.mark.parametrize("normalised", [True, False])
def test_a_preprocessor_of_efficientnet_is_read_whole(offset, top, normalised):
    pytest.importorskip("transformers", reason="the extra 'transformers' is not installed")
    module = import_module("transformers.models.efficientnet.image_processing_pil_efficientnet")
    config = PLAIN | offset | {"include_top": top, "do_normalize": normalised}
    expected = module.EfficientNetImageProcessorPil(**config)(list(IMAGES), return_tensors="np")[
        "pixel_values"
    ].transpose(0, 2, 3, 1)
    read = prepared_by(config, 3)
    np.testing.assert_allclose(prepare_batch(IMAGES, read), expected, atol=1e-5)


@pytest.mark.parametrize(("edge", "cropped"), [(224, True), (384, False)])
def test_a_share_to_crop_cuts_out_the_centre_of_small_sizes(edge, cropped):
    config = PLAIN | {"size": {"shortest_edge": edge}, "crop_pct": 0.875}
    assert (prepared_by(config, 3).size, crops(config)) == ((edge, edge), cropped)
