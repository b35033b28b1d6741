"""Words, marks and colours of the pages: shortened texts, positions on an axis, contrast."""

import re

import pytest

from ferspec import spec
from ferspec.reference.measured import Metric
from ferspec.report import plots, words
from ferspec.report.templating import TEMPLATES


@pytest.fixture(scope="module")
def report(make_report):
    return make_report()


def test_a_long_text_keeps_its_ends():
    assert words.shorten("abcdefghij", 10) == "abcdefghij"
    assert words.shorten("abcdefghijk", 10) == "abcdef…ijk"


@pytest.mark.parametrize("step", range(10))
def test_step_k_of_the_colour_scale_begins_at_k_squared_percent(step):
    assert plots.heat(step * step / 100) == step
    assert plots.heat(max(0, step * step / 100 - 1e-6)) == max(0, step - 1)


def test_the_strip_places_accuracies_in_proportion(report):
    strip = plots.strip(report.metrics.accuracy)
    place = {text: x for x, text in strip.ticks}
    unit = (place["60 %"] - place["50 %"]) / 10
    assert strip.x == pytest.approx(place["50 %"] + unit * (100 * report.metrics.accuracy.value - 50), abs=0.01)
    assert all(0 <= x <= 100 for x in (strip.x, strip.low, strip.high, *(pillar.x for pillar in strip.pillars)))
    assert sum(pillar.count for pillar in strip.pillars) == strip.total


def test_the_best_published_share_their_places(report):
    strip = plots.strip(report.metrics.accuracy)
    top = strip.better[:5]
    assert top[0] == plots.Published(1, "VGG16, VGGFace, 224 px, AffectNet, conservative weighting", 0.66, 0)
    assert [(shown.place, shown.accuracy) for shown in top[1:]] == [(2, 0.63)] * 4


def test_the_nearest_published_above_and_below_are_shown_and_the_others_counted(report):
    strip, own = plots.strip(report.metrics.accuracy), report.metrics.accuracy.value
    known = sorted(value for cell in spec.load().cells if (value := cell.btfer_accuracy()) is not None)
    above, below = [value for value in known if value > own], [value for value in known if value <= own]
    assert [shown.accuracy for shown in strip.better[5:]] == [above[1], above[0]]
    assert [shown.accuracy for shown in strip.worse] == [below[-1], below[-2]]
    assert [shown.hidden for shown in strip.better[5:]] == [len(above) - 7, 0]


@pytest.mark.parametrize("accuracy", [0.01, 0.99])
def test_a_model_at_either_end_has_neighbours_on_one_side(accuracy):
    strip = plots.strip(Metric(value=accuracy, low=accuracy - 0.01, high=accuracy + 0.01, method="Wilson"))
    assert (len(strip.better), len(strip.worse)) == ((7, 0) if accuracy < 0.5 else (0, 5))


def schemes():
    """Return the colours of the light and of the dark style sheet by name."""
    css = (TEMPLATES / "style.css").read_text()
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in (light, dark))
    return css, {"light": light, "dark": light | dark}


def contrast(one, other):
    """The contrast ratio of two colours as WCAG 2 defines it."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_contrasts_with_its_background(scheme):
    css, colours = schemes()
    colours = colours[scheme]
    pairs = [(text, on) for text in ("text", "quiet", "accent") for on in ("page", "panel")]
    pairs += [(name, on) for name in ("good", "bad", "warn", "none") for on in (f"{name}-panel", "page")]
    heat = re.findall(r"\.h(\d) \{ background: var\(--(h\d)\); color: var\(--([\w-]+)\)", css)
    assert len(heat) == 10
    pairs += [(text, on) for _, on, text in heat]
    assert [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < 4.5] == []
    marks = [("mark", "page"), ("mark", "panel"), ("dots", "page")]
    assert [pair for pair in marks if contrast(colours[pair[0]], colours[pair[1]]) < 3] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colour_scale_changes_lightness_in_one_direction(scheme):
    _, colours = schemes()
    ratios = [contrast(colours[scheme][f"h{step}"], "#000000") for step in range(10)]
    assert ratios == sorted(ratios, reverse=scheme == "light")
