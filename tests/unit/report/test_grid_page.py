"""The picture of a grid judgement: positions and colours of marks, texts, and no loaded resource."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest

from ferspec import spec
from ferspec.checks.generator import checks_for_artifacts
from ferspec.engine import count
from ferspec.grid.judging.judge import judge, judge_cell
from ferspec.grid.judging.reading import ReadResults
from ferspec.grid.judging.results import Result, published
from ferspec.outcomes import Outcome, Status
from ferspec.report import words
from ferspec.report.grid.page import Axis, axis, mark, not_drawn, render_grid
from ferspec.report.templating import TEMPLATES
from ferspec.spec.records import CellMetrics
from helpers.html_pages import HOSTILE, Page

SPEC = spec.load()
RESNET = SPEC.cell("resnet18-scratch-48-rafdb-conservative")
VGG = SPEC.cell("vgg16-imagenet-48-rafdb-simple")
ILLEGIBLE = SPEC.cell("alexnet-scratch-48-fer2013-simple")
MISPRINTED = SPEC.cell(SPEC.erratum("ERR-31").cells[0])
ACCURACIES = ["val_accuracy", "btfer_accuracy"]
GUESSING = CellMetrics(val_accuracy=1 / 7, val_f1=0.1, btfer_accuracy=1 / 7, btfer_f1=0.1)
# what 258 cells may weigh: all of them drawn, and all of them drawn and explained
MOST_BYTES, MOST_BYTES_EXPLAINED = 300_000, 700_000


def result(cell, **shift):
    figures = {name: cell.metric(name) for name in CellMetrics.model_fields}
    moved = {name: None if value is None else value + shift.get(name, 0) for name, value in figures.items()}
    return Result(cell=cell.id, source=f"runs/{cell.id}", figures=CellMetrics(**moved))


def problem(text="training images of RAF-DB"):
    clause = SPEC.clause(checks_for_artifacts()[0].clause)
    return Outcome(
        check=clause.id,
        clause=clause.id,
        title=clause.title,
        place=clause.place,
        status=Status.FAIL,
        observed=text,
        expected=text,
        message=text,
        likely=text,
        reproduce=text,
    )


def html_of(cells, results, notes=()):
    results = tuple(results)
    return render_grid(
        judge(cells, results, reproduce="ferspec grid judge runs/"),
        ReadResults(results=results, checks=count([]), notes=notes),
    )


def drawn(html):
    """Return of each row of the pictures the cell's words and, for each accuracy, its marks: from the SVG alone."""
    rows = []
    for row in re.findall(r"<tr[^>]*>(<th scope=\"row\"><span>.*?)</tr>", html, re.DOTALL):
        name = " ".join(re.sub(r"<[^>]+>", " ", row.partition("</th>")[0]).split())
        rows.append((name, [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", row, re.DOTALL)]))
    return rows


def at(element, attribute):
    return float(element.get(attribute).removesuffix("%"))


def ends_of(html):
    """Return the lowest and highest value (0 to 1) of each axis, as its labels say."""
    labels = re.search(r'class="scale-row".*?</tr>', html, re.DOTALL).group()
    axes = [re.findall(r">(\d+)</text>", svg) for svg in re.findall(r"<svg.*?</svg>", labels, re.DOTALL)]
    return [(int(texts[0]) / 100, int(texts[-1]) / 100) for texts in axes]


# ---- positions


def test_marks_stand_where_the_labels_of_the_axis_say():
    results = [result(RESNET, btfer_accuracy=0.15), result(VGG, val_accuracy=-0.2)]
    html = html_of([VGG, RESNET], results)
    rows = drawn(html)
    assert [name for name, _ in rows] == ["VGG16 ImageNet simple below", "ResNet18 from scratch conservative above"]
    judged = {cell.cell: cell for cell in judge([VGG, RESNET], results).cells}
    for cell, (_, pictures) in zip((VGG, RESNET), rows, strict=True):
        for figure, picture, (low, high) in zip(ACCURACIES, pictures, ends_of(html), strict=True):
            judgement = next(judgement for judgement in judged[cell.id].figures if judgement.figure == figure)
            bar, tick, dot = picture.find("rect"), picture.find("line"), picture.find("circle")

            def value_at(x, low=low, high=high):
                return low + x / 100 * (high - low)

            assert value_at(at(bar, "x")) == pytest.approx(judgement.band.low, abs=2e-4)
            assert value_at(at(bar, "x") + at(bar, "width")) == pytest.approx(judgement.band.high, abs=2e-4)
            assert value_at(at(tick, "x1")) == pytest.approx(cell.metric(figure), abs=1e-4)
            assert tick.get("x1") == tick.get("x2")
            assert value_at(at(dot, "cx")) == pytest.approx(judgement.value, abs=1e-4)


@pytest.mark.parametrize(
    ("shift", "colours"),
    [
        ({}, ["within", "within"]),
        ({"val_accuracy": 0.15}, ["above", "within"]),
        ({"btfer_accuracy": -0.2}, ["within", "below"]),
        ({"btfer_f1": -0.2}, ["within", "within"]),
    ],
)
def test_the_colour_of_a_dot_shows_its_place(shift, colours):
    [(_, pictures)] = drawn(html_of([RESNET], [result(RESNET, **shift)]))
    assert [picture.find("circle").get("class") for picture in pictures] == colours


@pytest.mark.parametrize("place", ["within", "above", "below"])
def test_every_place_has_a_colour_and_they_differ(place):
    css = (TEMPLATES / "grid.css").read_text()
    colours = dict(re.findall(r"\.dots \.(within|above|below) \{ fill: var\((--\w+)\)", css))
    assert len(set(colours.values())) == 3
    assert place in colours


def test_the_dot_of_several_trainings_is_their_mean():
    html = html_of([RESNET], [result(RESNET, val_accuracy=shift) for shift in (-0.04, 0.0, 0.1)])
    [(name, [validation, _])] = drawn(html)
    low, high = ends_of(html)[0]
    mean = RESNET.val_accuracy() + 0.02
    assert at(validation.find("circle"), "cx") == pytest.approx(100 * (mean - low) / (high - low), abs=0.01)
    assert name == "ResNet18 from scratch ×3 conservative"


def test_a_figure_that_is_unknown_has_a_band_and_no_dot():
    low = Result(cell=RESNET.id, source="x", figures=CellMetrics(val_accuracy=0.2))
    [(name, [validation, btfer])] = drawn(html_of([RESNET], [low]))
    assert name.endswith("below")
    assert validation.find("circle") is not None
    assert (btfer.find("circle"), btfer.find("title").text.partition(",")[0]) == (None, "unknown")
    assert btfer.find("rect") is not None


def test_a_metric_without_a_band_is_drawn_as_a_dot_with_the_reason():
    [figure, *_] = judge_cell(ILLEGIBLE, [Result(cell=ILLEGIBLE.id, source="x", figures=GUESSING)]).figures
    found = mark(figure, Axis(0.0, 1.0))
    assert (found.band, found.expected, found.place, found.x) == (None, None, "unknown", 14.29)
    assert found.title == "validation accuracy: the printed metric is illegible and no report is released"


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.3, 0.5, ["30", "40", "50"]),
        (0.3001, 0.4999, ["30", "40", "50"]),
        (0.2999, 0.5001, ["20", "30", "40", "50", "60"]),
    ],
)
def test_an_axis_goes_from_tenth_to_tenth_around_all_it_holds(low, high, ticks):
    [figure] = [
        judgement
        for judgement in judge([RESNET], [result(RESNET)]).cells[0].figures
        if judgement.figure == "val_accuracy"
    ]
    band = figure.band.model_copy(update={"low": low, "high": high})
    found = axis([figure.model_copy(update={"value": (low + high) / 2, "band": band})])
    assert [text for _, text in found.ticks] == ticks
    assert [found.ticks[0][0], found.ticks[-1][0]] == [0, 100]


def test_an_empty_axis_goes_from_0_to_1():
    assert axis([]) == Axis(0.0, 1.0)


def test_every_cell_with_figures_has_a_row_in_the_picture_of_its_resolution_and_dataset():
    html = html_of(SPEC.cells, published("released"))
    page = Page(html)
    unpublished = {cell.id for cell in SPEC.cells if cell.val_accuracy() is None}
    assert len(drawn(html)) == 258 - len(unpublished) == 255
    assert [e[1]["id"] for e in page.all("section")][1:7] == [
        f"{resolution}-{dataset}" for resolution in (48, 224) for dataset in ("raf-db", "fer2013", "affectnet")
    ]
    assert f"{46 - 1} cells" in page.text("section", id="48-raf-db")
    assert "AlexNet from scratch simple" in page.text("section", id="not-drawn")


# ---- what it tells


def test_the_page_begins_with_the_verdict_and_all_counts():
    results = [result(RESNET, btfer_accuracy=0.15), result(VGG, val_accuracy=-0.2)]
    page = Page(html_of(SPEC.cells, results))
    assert page.text("div", **{"class": "verdict fail"}) == "fail 1 of 258 cells fails"
    assert page.text("ul", **{"class": "counts grid-counts"}) == (
        "0 pass 1 fail 1 inconclusive 256 not evaluated 258 planned"
    )
    statuses = page.text("table", **{"class": "statuses"})
    assert "above 1 asks for an explanation" in statuses
    assert "absent 256 no training of the cell was given" in statuses
    assert "2 of 8 metrics lie outside their bands of 95 %; chance alone puts at most about 0 there" in page.text()


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ([], "not evaluated none of 1 cells could be judged"),
        ([result(RESNET)], "pass 1 of 1 cells within, none outside"),
        ([result(RESNET, val_accuracy=0.2)], "inconclusive none fails; 1 of 1 cells asks for an explanation"),
    ],
)
def test_the_verdict_is_written_in_words(results, said):
    page = Page(html_of([RESNET], results))
    assert page.text("header").endswith(said)


def test_metrics_outside_are_explained_failures_first_and_linked_from_their_rows():
    results = [result(RESNET, btfer_accuracy=0.15), result(VGG, val_accuracy=-0.2)]
    page = Page(html_of([RESNET, VGG], results))
    assert [e[1]["id"] for e in page.all("article")] == [VGG.id, RESNET.id]
    band = next(
        judgement.band
        for judgement in judge([RESNET], results[:1]).cells[0].figures
        if judgement.figure == "btfer_accuracy"
    )
    said = page.text("article", id=RESNET.id)
    value = RESNET.btfer_accuracy() + 0.15
    for text in (
        "ResNet18, from scratch, 48 px, RAF-DB, conservative weighting",
        f"above: BTFER accuracy {value:.3f}, expected {band.low:.3f} to {band.high:.3f} (+{value - band.high:.3f};",
        "likely above the band: look for test images among the training images",
        f"read from runs/{RESNET.id}",
        f"reproduce ferspec grid judge runs/ --select {RESNET.id}",
    ):
        assert text in said
    assert {e[1]["href"] for e in page.all("a") if e[1].get("class")} == {f"#{VGG.id}", f"#{RESNET.id}"}


def test_problems_of_artifacts_and_errata_are_named():
    faulty = result(MISPRINTED).model_copy(update={"problems": (problem("12 images"),)})
    stray = Result(
        cell="unknown", source="runs/2", figures=CellMetrics(), complete=False, problems=(problem("13 images"),)
    )
    page = Page(html_of(SPEC.cells, [faulty, stray]))
    said = page.text("article", id=MISPRINTED.id)
    assert f"{problem().clause} {problem().title} observed 12 images expected 12 images" in said
    assert f"ERR-31: {' '.join(SPEC.erratum('ERR-31').title.split())}" in said
    assert "Artifacts of no known cell" in page.text("section", id="attention")
    assert "observed 13 images" in page.text("section", id="attention")
    assert "and artifacts of no known cell" in page.text("header")


def test_cells_that_are_not_drawn_are_listed_by_reason_and_dataset():
    deviating = result(VGG).model_copy(update={"deviations": ("FER-S-05 --epochs-cap 3",)})
    unfinished = result(RESNET).model_copy(update={"complete": False})
    groups = not_drawn(judge(SPEC.cells, [deviating, unfinished]).cells)
    assert [(group.status, group.count) for group in groups] == [
        ("incomplete", 1),
        ("absent", 256),
        ("not a protocol run", 1),
    ]
    incomplete, absent, other = groups
    assert incomplete.members == (("48 px, RAF-DB", "ResNet18 from scratch conservative"),)
    assert other.reason == "deviations from the protocol are declared; FER-S-05 --epochs-cap 3"
    assert list(absent.members) == [
        ("48 px, RAF-DB", "all 46 except VGG16 ImageNet simple, ResNet18 from scratch conservative"),
        ("48 px, FER2013", "all 46"),
        ("48 px, AffectNet", "all 46"),
        ("224 px, RAF-DB", "all 40"),
        ("224 px, FER2013", "all 40"),
        ("224 px, AffectNet", "all 40"),
    ]


def test_a_grid_without_any_training_draws_nothing_and_says_so():
    html = html_of(SPEC.cells, [])
    page = Page(html)
    assert drawn(html) == []
    assert not page.all("svg")
    assert "there is nothing to draw" in page.text()
    assert "258 absent: no training of this cell was submitted" in page.text("section", id="not-drawn")
    assert len(html.encode()) < 25_000


# ---- the page as such


@pytest.fixture(scope="module")
def whole():
    """The page of all cells, every one of them below its band."""
    return html_of(SPEC.cells, [Result(cell=cell.id, source="x", figures=GUESSING) for cell in SPEC.cells])


def test_the_page_loads_nothing_and_runs_nothing(whole):
    page = Page(whole)
    assert not [e[0] for e in page.elements if e[0] in ("script", "link", "iframe", "img", "object")]
    assert "default-src 'none'" in whole
    assert not re.search(r"url\(|@import|\bsrc=|https?:", whole.replace(SPEC.protocol, ""))
    ids = {e[1]["id"] for e in page.elements if "id" in e[1]}
    targets = {e[1]["href"] for e in page.elements if "href" in e[1]}
    assert len(targets) > 255
    assert targets <= {f"#{id}" for id in ids}


def test_ids_are_unique_and_pictures_tables_and_cells_are_accessible(whole):
    page = Page(whole)
    ids = [e[1]["id"] for e in page.elements if "id" in e[1]]
    assert len(ids) == len(set(ids))
    assert {id for e in page.elements for id in e[1].get("aria-labelledby", "").split()} <= set(ids)
    assert all(e[1].get("scope") in {"row", "col"} for e in page.all("th"))
    assert len(page.all("table")) == len(page.all("caption"))
    pictures = page.all("svg", **{"class": "dots"})
    assert len(pictures) == 2 * 255 + 5
    assert all(e[1]["role"] == "img" for e in pictures)
    assert len(page.all("title")) == 2 * 255 + 1


def test_258_cells_make_a_small_page(whole):
    assert len(html_of(SPEC.cells, published("released")).encode()) < MOST_BYTES
    assert len(whole.encode()) < MOST_BYTES_EXPLAINED


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_stays_text(text):
    def page_of(text):
        faulty = result(RESNET, val_accuracy=-0.3).model_copy(
            update={"source": text, "problems": (problem(text),), "deviations": (text,)}
        )
        deviating = result(VGG).model_copy(update={"deviations": (text,)})
        stray = Result(cell=text, source=text, figures=CellMetrics(), complete=False, problems=(problem(text),))
        return html_of([RESNET, VGG], [faulty, deviating, stray], notes=(text,))

    html, harmless = page_of(text), Page(page_of("harmless"))
    hostile = Page(html)
    assert words.shorten(text, 300) in " ".join("".join(e[2]) for e in hostile.all("dd"))
    tags = [[e[0] for e in page.elements] for page in (hostile, harmless)]
    assert tags[0] == tags[1]
    attributes = [{name for e in page.elements for name in e[1]} for page in (hostile, harmless)]
    assert attributes[0] == attributes[1]
    assert not set(html) & (words.REVERSING | {"\x1b", "\r"})


# ---- the command


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "results.csv"
    path.write_text(f"cell,val_accuracy,btfer_accuracy\n{RESNET.id},0.79,0.55\n{VGG.id},0.5,0.5\n")
    return path


def test_the_command_writes_page_and_document_and_ends_with_the_path_of_the_page(ferspec, table, tmp_path):
    out = tmp_path / "judged"
    status, said, _ = ferspec("grid", "judge", table, "--out", out)
    assert status == 1
    assert said.splitlines()[-1] == f"page: {out / 'grid.html'}"
    assert sorted(path.name for path in out.iterdir()) == ["grid.html", "judgement.json"]
    _, printed, _ = ferspec("grid", "judge", table, "--json")
    assert (out / "judgement.json").read_text() == printed
    assert Page((out / "grid.html").read_text()).all("article", id=VGG.id)


def test_json_with_out_prints_the_document_alone(ferspec, table, tmp_path):
    _, printed, _ = ferspec("grid", "judge", table, "--out", tmp_path, "--json")
    assert json.loads(printed)["verdict"] == "fail"
    assert (tmp_path / "judgement.json").read_text() == printed


def test_without_out_nothing_is_written(ferspec, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, said, _ = ferspec("grid", "judge", table)
    assert "grid.html" not in said
    assert list(tmp_path.iterdir()) == []


def test_an_out_that_is_a_file_is_refused_before_anything_is_read(ferspec, table):
    status, said, refusal = ferspec("grid", "judge", "nowhere", "--out", table)
    assert (status, said) == (2, "")
    assert refusal.splitlines() == [f"ferspec: {table} is a file: choose another --out"]
