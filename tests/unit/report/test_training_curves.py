"""The picture of a training: positions of marks, descriptions and a bounded size."""

import math
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from ferspec.errors import UserError
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.report.training_curves import Mark, curves_svg

SVG = "{http://www.w3.org/2000/svg}"
LARGEST = 200_000


def row(epoch, phase=1, **figures):
    standard = {"accuracy": 0.5, "learning_rate": 1e-4, "loss": 2.0, "val_accuracy": 0.4, "val_loss": 1.0}
    return EpochRow(epoch=epoch, phase=phase, **standard | figures)


@pytest.fixture
def two_phases():
    """Thirty epochs, the base frozen in the first ten; the rate is halved at 20 and the best epoch is 24."""
    return [
        row(
            epoch,
            phase=1 + (epoch >= 10),
            loss=3 - epoch / 15,
            val_loss=1.8 - epoch / 40 + 0.1 * math.sin(epoch),
            accuracy=0.2 + epoch / 50,
            val_accuracy=0.75 if epoch == 24 else 0.3 + epoch / 80,
            learning_rate=1e-4 if epoch < 20 else 5e-5,
        )
        for epoch in range(30)
    ]


def test_the_legend_names_only_existing_marks(two_phases):
    drawn = [curves_svg(two_phases, "a cell", marks) for marks in ((), [Mark(19, "reduction", "halved")])]
    assert ["learning rate reduced" in svg for svg in drawn] == [False, True]
    assert not any("early stopping" in svg for svg in drawn)


class Drawing:
    """A picture read back: its elements, its curves as points, and the axes that its own labels give."""

    def __init__(self, svg):
        self.root = ElementTree.fromstring(svg)
        self.panels = {group.get("data-panel"): group for group in self.root.iter(f"{SVG}g") if group.get("data-panel")}

    def points(self, series):
        """The corners of a curve; a horizontal move keeps its height."""
        path = next(path.get("d") for path in self.root.iter(f"{SVG}path") if path.get("data-series") == series)
        corners = []
        for command, text in re.findall(r"([MLH])([^MLH]+)", path):
            numbers = [float(number) for number in text.split()]
            corners.append(tuple(numbers) if command in "ML" else (numbers[0], corners[-1][1]))
        return corners

    def value_axis(self, panel):
        """Return a function from a height to a value, by the lowest and the highest labelled line of a panel."""
        lines = [
            (float(label.get("y")) - 4, float(label.text))
            for label in self.panels[panel].findall(f"{SVG}text")
            if label.text and label.text.strip()
        ]
        (y0, v0), (y1, v1) = min(lines), max(lines)
        assert y0 != y1
        return lambda y: v0 + (y - y0) / (y1 - y0) * (v1 - v0)

    def ends(self, panel):
        """Return the largest and the smallest value that a label of a panel names."""
        values = [float(label.text) for label in self.panels[panel].findall(f"{SVG}text") if label.text]
        return max(values), min(values)

    def epoch_axis(self):
        """Return a function from a place to an epoch, by the labels below all panels."""
        labels = [text for text in self.root.findall(f"{SVG}text") if (text.text or "").isdecimal()]
        labels = [(float(text.get("x")), int(text.text)) for text in labels if text.get("class") == "middle"]
        (x0, e0), (x1, e1) = labels[0], labels[-1]
        return lambda x: e0 + (x - x0) / (x1 - x0) * (e1 - e0)

    def frame(self, panel):
        """Return the top and the height of a panel."""
        (shape,) = (rect for rect in self.panels[panel].findall(f"{SVG}rect") if rect.get("class") == "frame")
        return float(shape.get("y")), float(shape.get("height"))

    def phases(self, panel):
        return [shape for shape in self.panels[panel].findall(f"{SVG}rect") if "phase" in shape.get("class")]


@pytest.mark.parametrize(
    ("panel", "series"),
    [("loss", "loss"), ("loss", "val_loss"), ("accuracy", "accuracy"), ("accuracy", "val_accuracy")],
)
def test_values_read_from_a_curve_by_its_axes_are_the_logged_ones(two_phases, panel, series):
    drawing = Drawing(curves_svg(two_phases, "a training"))
    epoch, value = drawing.epoch_axis(), drawing.value_axis(panel)
    points = drawing.points(series)
    assert [epoch(x) for x, _ in points] == pytest.approx(range(30), abs=0.01)
    top, height = drawing.frame(panel)
    assert all(top <= y <= top + height for _, y in points)
    assert (value(top), value(top + height)) == pytest.approx(drawing.ends(panel), abs=0.001)
    # a hundredth of a pixel is less than a thousandth of either axis
    assert [value(y) for _, y in points] == pytest.approx([getattr(row, series) for row in two_phases], abs=0.001)


def test_the_learning_rate_is_a_step_on_a_logarithmic_axis(two_phases):
    drawing = Drawing(curves_svg(two_phases, "a training"))
    labels = {text.text: float(text.get("y")) - 4 for text in drawing.panels["learning rate"].findall(f"{SVG}text")}
    high, low = labels["1e-4"], labels["1e-5"]
    epoch = drawing.epoch_axis()
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = drawing.points("learning_rate")
    assert [epoch(x) for x in (x0, x1, x2, x3)] == pytest.approx([-0.5, 19.5, 19.5, 29.5], abs=0.01)
    assert y0 == y1 == pytest.approx(high, abs=0.01)
    assert y2 == y3 == pytest.approx(high + math.log10(2) * (low - high), abs=0.01)


def test_the_best_epoch_is_marked_on_its_curve_and_described_in_words(two_phases):
    drawing = Drawing(curves_svg(two_phases, "a training"))
    (mark,) = drawing.root.iter(f"{SVG}circle")
    assert (float(mark.get("cx")), float(mark.get("cy"))) == drawing.points("val_accuracy")[24]
    assert "best in validation: 0.7500 at epoch 24" in "".join(drawing.root.itertext())


def test_the_first_of_equally_good_epochs_is_marked():
    drawing = Drawing(curves_svg([row(epoch) for epoch in range(5)], "a training"))
    (mark,) = drawing.root.iter(f"{SVG}circle")
    assert drawing.epoch_axis()(float(mark.get("cx"))) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("panel", ["loss", "accuracy", "learning rate"])
def test_each_phase_is_shaded_over_its_own_epochs(two_phases, panel):
    drawing = Drawing(curves_svg(two_phases, "a training"))
    epoch = drawing.epoch_axis()
    first, second = drawing.phases(panel)
    ends = [
        epoch(float(shape.get("x")) + width) for shape in (first, second) for width in (0, float(shape.get("width")))
    ]
    assert ends == pytest.approx([-0.5, 9.5, 9.5, 29.5], abs=0.01)
    assert first.get("class") != second.get("class")
    assert [shape.find(f"{SVG}title").text for shape in (first, second)] == [
        "phase 1: epochs 0 to 9",
        "phase 2: epochs 10 to 29",
    ]


def test_the_labels_of_phases_name_two_and_are_left_out_for_one(two_phases):
    def labels(rows):
        texts = Drawing(curves_svg(rows, "t")).root.findall(f"{SVG}text")
        return [text.text for text in texts if text.text.startswith("phase")]

    assert labels(two_phases) == ["phase 1", "phase 2"]
    assert labels(two_phases[:10]) == []


def test_one_epoch_is_drawn_in_the_middle():
    drawing = Drawing(curves_svg([row(0)], "a training"))
    (left, y), (right, other) = drawing.points("val_accuracy")
    (mark,) = drawing.root.iter(f"{SVG}circle")
    assert ((left + right) / 2, y, y) == (float(mark.get("cx")), other, float(mark.get("cy")))
    assert drawing.value_axis("accuracy")(y) == pytest.approx(0.4)
    shape, *others = drawing.phases("loss")
    assert not others
    assert (left + right) / 2 == float(shape.get("x")) + float(shape.get("width")) / 2


@pytest.mark.parametrize("value", [0.0, 1.0, 1e-9, 40.0])
def test_constant_values_are_a_level_line_on_an_axis_that_holds_them(value):
    rows = [row(epoch, loss=value, val_loss=value) for epoch in range(12)]
    drawing = Drawing(curves_svg(rows, "a training"))
    heights = {y for _, y in drawing.points("val_loss")}
    assert len(heights) == 1
    assert drawing.value_axis("loss")(heights.pop()) == pytest.approx(value, abs=1e-3 + value / 1000)


def test_thousands_of_epochs_stay_small_and_keep_their_extremes():
    rows = [row(epoch, phase=1 + (epoch > 6000), val_loss=1 + epoch % 7 / 10) for epoch in range(9000)]
    rows[4321] = row(4321, val_loss=9.5)
    rows[8765] = row(8765, phase=2, val_loss=0.1)
    svg = curves_svg(rows, "a long training")
    assert len(svg.encode()) < LARGEST
    drawing = Drawing(svg)
    value, points = drawing.value_axis("loss"), drawing.points("val_loss")
    assert all(x <= following for (x, _), (following, _) in pairwise(points))
    shown = [value(y) for _, y in points]
    assert (max(shown), min(shown)) == pytest.approx((9.5, 0.1), abs=0.03)
    assert drawing.epoch_axis()(points[shown.index(max(shown))][0]) == pytest.approx(4321, abs=1)


def test_a_picture_is_xml_with_a_title_and_words_for_those_who_do_not_see_it(two_phases):
    drawing = Drawing(curves_svg(two_phases, 'a <cell> & "more"'))
    assert drawing.root.get("role") == "img"
    named = {element.get("id"): element for element in drawing.root}
    title, description = (named[id].text for id in drawing.root.get("aria-labelledby").split())
    assert title == 'a <cell> & "more"'
    assert "30 epochs in 2 phases" in description
    assert "highest 0.7500 at epoch 24" in description
    assert "Learning rate from 0.0001 to 5e-05" in description


def test_a_picture_loads_nothing_and_runs_nothing(two_phases):
    svg = curves_svg(two_phases, "a training")
    addresses = [address for address in re.findall(r"\w+://[^\"' )]+", svg) if address != SVG.strip("{}")]
    assert addresses == []
    assert not re.search(r"<script|@import|url\(|\bon\w+=|href", svg)
    assert "prefers-color-scheme: dark" in svg


def test_series_that_were_not_logged_are_left_out(two_phases):
    missing = {"accuracy": math.nan, "val_accuracy": math.nan, "learning_rate": math.nan}
    drawing = Drawing(curves_svg([epoch.model_copy(update=missing) for epoch in two_phases], "a training"))
    assert list(drawing.panels) == ["loss"]
    assert len(drawing.points("val_loss")) == len(two_phases)
    assert "Learning rate" not in drawing.root.find(f"{SVG}desc").text


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "a training without epochs has no curves"),
        ([row(0), row(1, learning_rate=0.0)], "epoch 1 cannot be drawn"),
        ([row(0, val_loss=math.inf)], "epoch 0 cannot be drawn"),
    ],
    ids=["no epoch", "a rate of 0", "an infinite loss"],
)
def test_values_that_cannot_be_drawn_are_refused_in_one_line(rows, said):
    with pytest.raises(UserError, match=said) as refused:
        curves_svg(rows, "a training")
    assert "\n" not in str(refused.value)
