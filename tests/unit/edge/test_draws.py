"""Over 100 calibration draws, spoiled quantisations are found, and right ones are not accused."""

import pytest

from edge_table import DRAWS, FEW, draws

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def found():
    pytest.importorskip("ai_edge_quantizer", reason="the extra that quantises is not installed")
    return [*draws()]


def test_a_spoiled_quantisation_is_inferior_in_every_draw(found):
    assert [draw.few.verdict for draw in found if draw.kind == "spoiled"] == ["inferior"] * DRAWS


def test_a_right_one_is_seldom_inferior_and_is_proved_on_the_stated_number_of_images(found):
    right = [draw for draw in found if draw.kind == "right"]
    decisions = [one for draw in right for one in (draw.few, draw.stated) if one is not None]
    assert sum(one.verdict == "inferior" for one in decisions) <= 5
    assert sum(draw.proved for draw in right) >= 90


def test_on_few_images_a_right_one_is_undecided_with_a_larger_number(found):
    few = [draw.few for draw in found if draw.kind == "right"]
    assert sum(one.verdict == "undecided" for one in few) >= 90
    assert all(one.images_to_decide > FEW for one in few if one.verdict == "undecided")
