"""What the zoo costs: building every network, and one forward pass of each at the protocol's resolutions."""

import time

import numpy as np
import pytest

from ferspec import zoo
from ferspec.reference import models
from ferspec.reference.models import heads, vggface
from ferspec.reference.models.building import build
from ferspec.spec.layers import layer_table

pytestmark = [pytest.mark.speed, pytest.mark.timeout(1800)]

SPECIFICATION_SECONDS = 120
FASTER_WITHOUT_WEIGHTS = 1.5


def built(row):
    """Return a network of the zoo with random values: the published weights cost what random ones do."""
    if row.weights != "vggface" or row.network == "SENet50":
        return build(row.network, row.resolution, "scratch").model
    return heads.add_head(vggface.build_base(row.network, row.resolution), row.network.lower(), 7, "released")


@pytest.mark.parametrize("row", models.rows(), ids=lambda row: f"{row.network}-{row.weights}-{row.resolution}")
def test_a_network_is_built_and_run_once(row, benchmark, note):
    model = benchmark.pedantic(built, args=(row,))
    images = np.zeros((1, *model.input_shape[1:]), np.float32)
    model.predict_on_batch(images)
    began = time.perf_counter()
    answers = model.predict_on_batch(images)
    forward = time.perf_counter() - began
    cost = models.cost(model)
    note(
        ratio=benchmark.stats.stats.max / forward,
        forward=forward,
        parameters=cost.parameters,
        flops=cost.flops,
        activation_bytes=cost.activation_bytes,
    )
    assert answers.shape == (1, 7)
    assert cost.parameters == row.parameters
    shown = zoo.describe(row.network, row.resolution, row.weights)
    assert (shown.parameters, shown.flops, shown.activation_bytes) == (
        cost.parameters,
        cost.flops,
        cost.activation_bytes,
    )


def test_inspecting_the_zoo_costs_less_than_building_it(in_turns, note):
    """Both in one run, over the networks that are not dominated by Keras' own bookkeeping."""
    rows = [row for row in models.rows() if row.network in ("VGG16", "VGGNet", "SequentialSimple", "Modular", "RepVGG")]
    for row in rows[:1]:
        built(row)
    [(without, with_weights)] = in_turns(
        lambda: [models.outline(row.network, row.resolution, row.weights) for row in rows],
        lambda: [built(row) for row in rows],
        turns=1,
    )
    note(ratio=with_weights / without, least=FASTER_WITHOUT_WEIGHTS)
    assert with_weights > FASTER_WITHOUT_WEIGHTS * without


def test_every_layer_table_is_checked_within_two_minutes(benchmark):
    def check():
        for profile in ("released", "paper"):
            for row in models.rows():
                model = models.outline(row.network, row.resolution, row.weights, profile=profile)
                expected = layer_table(row.network, row.weights, row.resolution, profile)
                assert models.departure(models.table_of(model), expected) is None

    benchmark.pedantic(check)
    assert benchmark.stats.stats.max < SPECIFICATION_SECONDS
