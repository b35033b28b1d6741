"""The site in Chromium: no error, nothing too wide, accessible by axe; tables sort and filter by the keyboard."""

import pytest

from helpers.browsers import axe_violations, chromium, opened

DOUBTED = "cells/vgg16-imagenet-224-affectnet-conservative.html"
FIGURES = ("figures.html", "questions.html", *(f"figures/figure-{number}.html" for number in (2, 6, 10, 11, 14)))
PAGES = ("index.html", "table-2.html", "tables-4-to-6.html", "errata.html", DOUBTED, *FIGURES)
# elements of one form: axe takes long for each
REPEATED = "#sorted > tbody:nth-of-type(n + 9), article:nth-of-type(n + 9), section ~ section"
SEEN = ((1280, "light"), (390, "dark"))


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_a_page_has_no_error_and_is_not_wider_than_the_screen(browser, folder, name, width, scheme):
    with opened(browser, folder / name, width, scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate("getComputedStyle(document.querySelector('.menu ul')).display") == "flex"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_axe_finds_no_violation(browser, folder, name, width, scheme):
    with opened(browser, folder / name, width, scheme, bypass_csp=True) as page:
        page.evaluate(f"document.querySelectorAll('{REPEATED}').forEach(one => one.remove())")
        assert axe_violations(page) == []


def test_axe_finds_a_field_without_a_label(browser, folder):
    with opened(browser, folder / "table-2.html", bypass_csp=True) as page:
        page.evaluate("document.querySelectorAll('#sorted > tbody, label').forEach(one => one.remove())")
        assert {rule for rule, _ in axe_violations(page)} >= {"label", "select-name"}


def test_a_script_that_is_not_of_the_site_does_not_run(browser, folder, tmp_path):
    added = "<script>document.title = 'broken'</script></main>"
    changed = (folder / "index.html").read_text(encoding="utf-8").replace("</main>", added)
    (tmp_path / "index.html").write_text(changed, encoding="utf-8")
    with (
        pytest.raises(AssertionError, match="Content Security Policy"),
        opened(browser, tmp_path / "index.html") as page,
    ):
        assert page.title() == "The published grid, ferspec"


@pytest.fixture
def table(browser, folder):
    with opened(browser, folder / "table-2.html") as page:
        yield page


def cells(page):
    return page.eval_on_selector_all("#sorted > tbody", "all => all.filter(one => !one.hidden).map(one => one.id)")


def test_a_heading_sorts_the_cells_by_keyboard_and_unknown_values_come_last(table):
    heading = table.locator('button[data-key="btfer_accuracy"]')
    heading.focus()
    table.keyboard.press("Enter")
    assert heading.locator("xpath=..").get_attribute("aria-sort") == "descending"
    assert known(table) == sorted(known(table), reverse=True)
    table.keyboard.press("Enter")
    assert known(table) == sorted(known(table))
    assert len(cells(table)) == 138


def known(table):
    """Return the sorted values; those that are unknown must come last."""
    read = "all => all.map(one => one.getAttribute('data-btfer_accuracy'))"
    values = table.eval_on_selector_all("#sorted > tbody", read)
    numbers = [float(value) for value in values if value is not None]
    assert None not in values[: len(numbers)]
    return numbers


def test_fields_filter_the_cells_and_say_how_many_are_left(table):
    table.get_by_label("Network").fill("resnet")
    table.get_by_label("Trained on").select_option("FER2013")
    found = cells(table)
    assert found
    assert all(cell.startswith("resnet") and "fer2013" in cell for cell in found)
    assert table.inner_text("#shown") == f"{len(found)} of 138 cells"
    table.get_by_role("button", name="Show all").click()
    table.wait_for_function("document.getElementById('shown').textContent === '138 of 138 cells'")


def test_marked_cells_are_those_with_impossible_values(table):
    from ferspec import spec

    table.get_by_label("Marked").select_option("impossible")
    wanted = {id for name in ("ERR-31", "ERR-39") for id in spec.load().erratum(name).cells if "-48-" in id}
    assert set(cells(table)) == wanted
