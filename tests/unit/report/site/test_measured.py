"""What was measured, on the site: trainings beside their cells, and certificates that were verified."""

import json

import pytest
from bs4 import BeautifulSoup

from ferspec import spec
from ferspec.api.certify import certify
from ferspec.api.report import report_request
from ferspec.api.requests import ReportRequest
from ferspec.errors import UserError
from ferspec.report.site.writing import write_site
from helpers.browsers import axe_violations, chromium, opened
from helpers.html_pages import HOSTILE, Page
from helpers.made.runs import CELL, made
from helpers.miniatures import colour_patches

PAGE = f"cells/{CELL}.html"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folders of two trainings of a cell: one as it should be, and one whose predictions were edited."""
    folder = tmp_path_factory.mktemp("runs")
    made().write(folder / "right")
    made(seed=1).write(folder / "edited")
    report = json.loads((folder / "edited" / "report.json").read_text())
    report["parts"]["btfer"]["metrics"]["accuracy"]["value"] = 0.99
    (folder / "edited" / "report.json").write_text(json.dumps(report))
    return folder


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The evaluation of recorded predictions, whose metrics can be recomputed."""
    folder = tmp_path_factory.mktemp("certified")
    labels = colour_patches(folder).labels
    rows = (f"{n}," + ",".join("0.4" if k == label else "0.1" for k in range(7)) for n, label in enumerate(labels))
    header = ",".join(("image", *spec.load().classes))
    (folder / "predictions.csv").write_text("\n".join((header, *rows)) + "\n")
    certify(folder / "predictions.csv", folder / "patches.npz").write(folder / "written")
    return folder / "written" / "certificate.json"


@pytest.fixture(scope="module")
def site(runs, certificate):
    return report_request(ReportRequest(inputs=(runs, certificate))).files


def test_a_training_is_a_line_of_its_cell_and_one_that_contradicts_itself_does_not_count(site, runs):
    report = json.loads((runs / "right" / "report.json").read_text())["parts"]["btfer"]["as_run"]
    line = BeautifulSoup(site["table-2.html"], "lxml").select_one(f'[id="{CELL}"] tr[data-source=measured]')
    shown = {one["data-metric"]: one.get_text() for one in line.select("td[data-metric]")}
    assert shown["btfer_accuracy"] == f"{report['accuracy']:.2f}"
    assert shown["btfer_f1"] == f"{report['f1']:.2f}"
    listed = {
        row.th.get_text(): row.select("td")[-1].get_text()
        for row in BeautifulSoup(site["measured.html"], "lxml").select("table.values tbody tr")
    }
    assert listed == {"right": "yes", "edited": "no: its artifacts contradict themselves"}


def test_the_page_of_a_cell_has_curves_classes_with_intervals_and_confusion_matrices(site, runs):
    page = BeautifulSoup(site[PAGE], "lxml")
    parts = json.loads((runs / "right" / "report.json").read_text())["parts"]
    assert page.select_one("img.curves")["src"].startswith("data:image/svg+xml;base64,")
    matrices = [
        [[int(one.small.get_text()) for one in row.select("td") if one.small] for row in table.select("tbody tr")]
        for table in page.select("table.matrix")
    ]
    assert matrices == [parts[name]["metrics"]["confusion_matrix"] for name in ("validation", "btfer")]
    assert len(page.select("table.classes")) == 2
    assert page.select_one("table.classes .range").get_text()


def test_a_certificate_has_a_page_that_says_how_it_was_verified(site):
    text = Page(site["certificates/1.html"]).text("main")
    assert "CONSISTENT" in text
    assert "self-asserted" in text
    assert "certificates/1.html" in site["measured.html"]


def test_a_certificate_that_does_not_verify_is_refused(certificate, tmp_path):
    document = json.loads(certificate.read_text())
    document["metrics"]["accuracy"]["value"] = 0.99
    (tmp_path / "certificate.json").write_text(json.dumps(document))
    with pytest.raises(UserError, match=r"certificate\.json does not verify \(NOT CONSISTENT"):
        report_request(ReportRequest(inputs=(tmp_path,)))


@pytest.mark.parametrize("name", ["absent", "notes.txt"])
def test_an_input_of_another_kind_is_refused(tmp_path, name):
    (tmp_path / "notes.txt").write_text("a note")
    with pytest.raises(UserError, match=name):
        report_request(ReportRequest(inputs=(tmp_path / name,)))


def test_inputs_and_published_alone_exclude_each_other(runs):
    with pytest.raises(UserError, match="leave it out, or the inputs"):
        report_request(ReportRequest(inputs=(runs,), published=True))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_stay_text(make_report, text):
    from ferspec.report.site.inputs import Certified, Inputs
    from ferspec.report.site.measured_pages import measured_files
    from ferspec.subjects.certificates.signing.assurance import SELF_ASSERTED

    report = make_report()
    hostile = report.model_copy(update={"subject": report.subject.model_copy(update={"name": text})})
    for _, html in measured_files(Inputs(certificates=(Certified(hostile, SELF_ASSERTED, "CONSISTENT", ""),))):
        page = Page(html)
        assert len(page.all("script")) == 0
        assert len(page.all("style")) == 1
        assert not any("\u202e" in one or "\x1b" in one for _, _, texts in page.elements for one in texts)


def test_the_pages_have_no_error_and_axe_finds_no_violation(site, tmp_path):
    write_site(site, tmp_path / "site")
    with chromium() as browser:
        for name in (PAGE, "certificates/1.html", "measured.html"):
            with opened(browser, tmp_path / "site" / name, 390, "dark") as page:
                assert page.evaluate("document.documentElement.scrollWidth") == 390
                curves = "[...document.images].every(one => one.naturalWidth > 0)"
                assert page.evaluate(curves)
            with opened(browser, tmp_path / "site" / name, 1280, bypass_csp=True) as page:
                assert axe_violations(page) == []
