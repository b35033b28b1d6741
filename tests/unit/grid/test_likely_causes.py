"""Likely causes of metrics outside their bands are named only if they fit."""

import pytest

from ferspec.grid.cells import find_cell
from ferspec.grid.judging.judge import judge, judge_cell
from ferspec.grid.judging.results import Result
from ferspec.spec.records import CellMetrics
from helpers.results import CELL, SPEC, metrics_of, result


@pytest.mark.parametrize(
    ("cell", "figures", "likely"),
    [
        pytest.param(
            "resnet50-vggface-224-rafdb-simple",
            metrics_of(SPEC.cell("resnet50-vggface-224-fer2013-simple")),
            "another dataset: every known metric lies in the band of the same training with FER2013",
            id="a swapped dataset",
        ),
        pytest.param(
            CELL.id,
            CellMetrics(
                **{
                    name: CELL.metric(f"{'btfer' if name.startswith('val') else 'val'}_{name.partition('_')[2]}")
                    for name in CellMetrics.model_fields
                }
            ),
            "validation and BTFER were swapped",
            id="BTFER and validation exchanged",
        ),
        pytest.param(CELL.id, metrics_of(CELL, val_f1=-0.2), "an average not weighted by support", id="macro F1"),
        pytest.param(
            CELL.id,
            metrics_of(CELL, val_f1=-0.6, val_accuracy=-0.2),
            "such as the macro average",
            id="macro F1, far away like its accuracy",
        ),
        pytest.param(
            CELL.id, metrics_of(CELL, val_accuracy=0.15), "test images among the training images", id="0.15 too high"
        ),
        pytest.param(
            CELL.id,
            metrics_of(CELL, btfer_accuracy=1 / 7 - 0.55, btfer_f1=0.14 - CELL.metric("btfer_f1")),
            "no better than guessing on BTFER",
            id="labels shuffled",
        ),
    ],
)
def test_a_fault_visible_in_the_metrics_alone_is_named(cell, figures, likely):
    judged = judge_cell(find_cell(cell), [Result(cell=cell, source="table", figures=figures)])
    assert judged.status in ("above", "below")
    assert any(likely in cause for cause in judged.likely), judged.likely


def test_an_unknown_f1_hides_no_cause():
    cell = SPEC.cell("resnet50-vggface-224-fer2013-simple")
    swapped = CellMetrics(val_accuracy=cell.metric("val_accuracy"), btfer_accuracy=cell.metric("btfer_accuracy"))
    likely = judge_cell(
        SPEC.cell("resnet50-vggface-224-rafdb-simple"),
        [result(SPEC.cell("resnet50-vggface-224-rafdb-simple"), swapped)],
    ).likely
    assert any("another dataset" in cause and "FER2013" in cause for cause in likely), likely


def test_an_unknown_accuracy_fits_nothing():
    figures = CellMetrics(btfer_accuracy=CELL.metric("btfer_accuracy"), val_f1=0.2)
    assert not any(
        "F1 does not fit" in cause or "another" in cause for cause in judge_cell(CELL, [result(figures=figures)]).likely
    )


def test_figures_within_have_no_cause():
    assert judge_cell(CELL, [result()]).likely == ()


def test_two_rows_of_a_table_exchanged_are_both_found():
    ids = ["resnet50-vggface-224-rafdb-simple", "resnet50-vggface-224-fer2013-simple"]
    cells = [SPEC.cell(id) for id in ids]
    swapped = [result(cell, metrics_of(other)) for cell, other in zip(cells, reversed(cells), strict=True)]
    for judged, other in zip(judge(cells, swapped).cells, ("FER2013", "RAF-DB"), strict=True):
        assert any("another dataset" in cause and other in cause for cause in judged.likely)
