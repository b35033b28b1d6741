"""The review page in Chromium: keep, drop and relabel by the keyboard, and the file that the next stage reads."""

import pytest

from ferspec.collection.decisions import read_decisions, with_decision
from ferspec.collection.manifest import Row
from ferspec.collection.review import write_review
from ferspec.collection.stages.pictures import write_picture
from ferspec.errors import UserError
from helpers.browsers import chromium, opened

LABELS = ("Happy", "Happy", "Sad", "Fear")
DIGESTS = tuple(str(number) * 64 for number in range(len(LABELS)))
HOSTILE = "</script><img src=x onerror=document.title='broken'>"


@pytest.fixture
def page_file(tmp_path):
    """The page of three doubtful pictures and one kept picture."""
    import numpy as np

    rows = []
    for number, (digest, label) in enumerate(zip(DIGESTS, LABELS, strict=True)):
        file = f"pictures/{digest}.png"
        write_picture(tmp_path / "2-clean" / file, np.full((60, 80, 3), 60 * number, np.uint8))
        kept = number == 1
        rows.append(
            Row(
                digest=digest,
                file=file,
                label=label,
                width="80",
                height="60",
                box="10 10 50 50",
                decision="keep" if kept else "review",
                reason="" if kept else HOSTILE,
            )
        )
    return write_review(tmp_path, "clean", rows, dict(zip(DIGESTS, LABELS, strict=True)))


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser, page_file):
    with opened(browser, page_file, 1000) as page:
        yield page


def saved(page, page_file):
    with page.expect_download() as download:
        page.keyboard.press("e")
    assert download.value.suggested_filename == "decisions.csv"
    target = page_file.with_name("decisions.csv")
    download.value.save_as(target)
    return read_decisions(target)


def shown(page):
    return page.eval_on_selector_all(".picture", "all => all.map(one => one.dataset.digest)")


def test_doubtful_pictures_are_shown_with_their_reason_and_nothing_in_it_runs(page):
    assert shown(page) == [DIGESTS[0], DIGESTS[2], DIGESTS[3]]
    assert page.inner_text(".reason >> nth=0") == HOSTILE
    assert page.title() == "Review of stage clean of " + page.title().rpartition(" of ")[2]
    loaded = page.eval_on_selector(".picture img", "image => image.complete && image.naturalWidth")
    assert loaded == 80


def test_keep_drop_and_relabel_by_the_keyboard_are_what_the_next_stage_reads(page, page_file):
    for key in ("k", "d", "6"):
        page.keyboard.press(key)
    assert page.inner_text(".progress") == "0 of 3 to decide, 3 decided"
    # 6 is the sixth class
    expected = {DIGESTS[0]: ("keep", "Happy"), DIGESTS[2]: ("drop", "Sad"), DIGESTS[3]: ("keep", "Sad")}
    assert saved(page, page_file) == expected


def test_a_decision_can_be_undone_and_changed_with_the_mouse(page, page_file):
    page.keyboard.press("d")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("u")
    assert page.inner_text(".progress") == "3 of 3 to decide, 0 decided"
    page.click(".picture >> nth=1 >> text=drop")
    page.select_option(".picture >> nth=2 >> select", "Angry")
    assert saved(page, page_file) == {DIGESTS[2]: ("drop", "Sad"), DIGESTS[3]: ("keep", "Angry")}


def test_kept_pictures_can_be_decided_too_and_the_browser_remembers(page, page_file):
    page.click("text=All")
    assert sorted(shown(page)) == sorted(DIGESTS)
    page.click(f"[data-digest='{DIGESTS[1]}'] >> text=drop")
    page.reload()
    assert page.inner_text(".progress") == "3 of 3 to decide, 1 decided"
    assert saved(page, page_file) == {DIGESTS[1]: ("drop", "Happy")}


def test_the_page_fits_a_telephone(page):
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_decision_applies_to_what_was_not_dropped_before():
    reviewed = read_one("keep", "Sad")
    row = Row(digest=DIGESTS[0], label="Happy", decision="review", reason="2 faces")
    assert with_decision(row, reviewed).label == "Sad"
    assert with_decision(row, reviewed).decision == "keep"
    dropped = Row(digest=DIGESTS[0], label="Happy", decision="drop", reason="no face")
    assert with_decision(dropped, reviewed) is dropped
    assert with_decision(row, None) is row


def read_one(decision, label):
    from ferspec.collection.decisions import Reviewed

    return Reviewed(decision, label)


@pytest.mark.parametrize("line", ["abc,keep,Happy", f"{DIGESTS[0]},maybe,Happy", f"{DIGESTS[0]},keep,Joy", "x"])
def test_a_damaged_file_of_decisions_is_refused_with_the_line(tmp_path, line):
    (tmp_path / "decisions.csv").write_text(f"digest,decision,label\n{line}\n")
    with pytest.raises(UserError, match="line 2: expected a digest, keep or drop"):
        read_decisions(tmp_path / "decisions.csv")
