"""What the zoo costs: building every network, and one forward pass of each at the protocol's resolutions."""

import time

import numpy as np
import pytest

from ferspec import zoo
from ferspec.reference import models
from ferspec.reference.models import heads, vggface
from ferspec.reference.models.building import build
from ferspec.spec.layers import layer_table

pytestmark = pytest.mark.speed

SPECIFICATION_SECONDS = 120
FASTER_WITHOUT_WEIGHTS = 1.5


def built(row):
    """Return a network of the zoo with random values: the published weights cost what random ones do."""
    if row.weights != "vggface" or row.network == "SENet50":
        return build(row.network, row.resolution, "scratch").model
    return heads.add_head(vggface.build_base(row.network, row.resolution), row.network.lower(), 7, "released")


def seconds(work):
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def test_every_network_is_built_and_run_once(record_property):
    total = 0.0
    print()
    left, right = f"{'network':<18}{'weights':<10}{'side':>5}{'parameters':>13}", f"{'build s':>9}{'forward ms':>12}"
    print(f"{left}{'GFLOPs':>9}{'MiB':>8}{right}{'build/forward':>15}")
    for row in models.rows():
        building, model = seconds(lambda row=row: built(row))
        images = np.zeros((1, *model.input_shape[1:]), np.float32)
        model.predict_on_batch(images)
        forward, answers = seconds(lambda model=model, images=images: model.predict_on_batch(images))
        cost = models.cost(model)
        total += building
        gflops, mebibytes = cost.flops / 1e9, cost.activation_bytes / 2**20
        print(
            f"{row.network:<18}{row.weights:<10}{row.resolution:>5}{cost.parameters:>13,}{gflops:>9.3f}{mebibytes:>8.1f}"
            f"{building:>9.2f}{forward * 1000:>12.1f}{building / forward:>15.1f}"
        )
        figures = {
            "parameters": cost.parameters,
            "flops": cost.flops,
            "activation_bytes": cost.activation_bytes,
            "build_seconds": building,
            "forward_seconds": forward,
        }
        for key, value in figures.items():
            record_property(f"{row.network}-{row.weights}-{row.resolution}.{key}", value)
        assert answers.shape == (1, 7)
        assert cost.parameters == row.parameters
        shown = zoo.describe(row.network, row.resolution, row.weights)
        assert (shown.parameters, shown.flops, shown.activation_bytes) == (
            cost.parameters,
            cost.flops,
            cost.activation_bytes,
        )
    print(f"built in {total:.1f} s")


def test_inspecting_the_zoo_costs_less_than_building_it():
    """Both in one run, over the networks that are not dominated by Keras' own bookkeeping."""
    rows = [row for row in models.rows() if row.network in ("VGG16", "VGGNet", "SequentialSimple", "Modular", "RepVGG")]
    for row in rows[:1]:
        built(row)
    with_weights = sum(seconds(lambda row=row: built(row))[0] for row in rows)
    without = sum(seconds(lambda row=row: models.outline(row.network, row.resolution, row.weights))[0] for row in rows)
    print(f"\n{with_weights:.1f} s with weights, {without:.1f} s without: {with_weights / without:.1f} times")
    assert with_weights > FASTER_WITHOUT_WEIGHTS * without


def test_every_layer_table_is_checked_within_two_minutes():
    def check():
        for profile in ("released", "paper"):
            for row in models.rows():
                model = models.outline(row.network, row.resolution, row.weights, profile=profile)
                expected = layer_table(row.network, row.weights, row.resolution, profile)
                assert models.departure(models.table_of(model), expected) is None

    spent, _ = seconds(check)
    print(f"\n88 networks built without weights and checked in {spent:.1f} s")
    assert spent < SPECIFICATION_SECONDS
