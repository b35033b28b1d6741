"""Pictures on pages: thumbnails, or blocks by which the search does not find the photograph."""

import cv2
import numpy as np
import pytest

import ferspec
from ferspec.report.pages import PAGE, rewrite_pages
from ferspec.report.shown import BLOCKS, is_deidentified, small_picture
from ferspec.subjects.certificates.signing.assurance import SELF_ASSERTED
from ferspec.subjects.datasets.copies.search import find_copies
from helpers.copies.made import photographs
from helpers.layouts import CLASSES
from helpers.made.sets import pictures

COUNT = 60


@pytest.fixture(scope="module")
def faces(reference):
    return photographs(reference)[:COUNT]


def shown(image, deidentified, side=None, smoothing=cv2.INTER_NEAREST):
    """The picture of a page as pixels, enlarged to a side."""
    picture = cv2.imdecode(np.frombuffer(small_picture(image, deidentified), np.uint8), cv2.IMREAD_COLOR)
    picture = picture if side is None else cv2.resize(picture, (side, side), interpolation=smoothing)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def own(copies):
    return sum(copy.first == copy.second for copy in copies)


def test_a_thumbnail_is_found_to_show_its_photograph(faces):
    assert own(find_copies([shown(face, False) for face in faces], faces)) == COUNT


@pytest.mark.parametrize(
    "enlarged", [{}, {"side": 96}, {"side": 96, "smoothing": cv2.INTER_CUBIC}], ids=["as it is", "blocks", "smooth"]
)
def test_a_deidentified_picture_is_not_found_to_show_its_photograph(faces, enlarged):
    pictures = [shown(face, True, **enlarged) for face in faces]
    assert find_copies(pictures, faces) == ()
    assert find_copies(faces, pictures) == ()


def test_a_deidentified_picture_has_a_few_pixels_and_nothing_else(faces):
    content = small_picture(faces[0], True)
    assert is_deidentified(content)
    assert shown(faces[0], True).shape == (BLOCKS, BLOCKS, 3)
    assert len(content) < 400


def test_the_stated_limit_holds_that_photographs_reduced_alike_are_recognised(faces):
    blocks = [cv2.resize(face, (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA).astype(float) for face in faces]
    for place, face in enumerate(faces):
        distances = [np.square(shown(face, True) - other).sum() for other in blocks]
        assert int(np.argmin(distances)) == place


def test_a_page_that_hides_faces_still_does_when_its_certificate_is_verified_and_signed(tmp_path):
    labels = np.arange(28) % 7
    np.savez(tmp_path / "set.npz", images=np.stack(pictures(28)), labels=np.array(CLASSES)[labels])
    rows = [[place, *(0.94 if name == 0 else 0.01 for name in range(7))] for place in range(28)]
    lines = [",".join(map(str, row)) for row in (["image", *CLASSES], *rows)]
    (tmp_path / "p.csv").write_text("\n".join(lines) + "\n")
    out = tmp_path / "out"
    ferspec.certify(tmp_path / "p.csv", tmp_path / "set.npz", images=True, deidentify=True).write(out)
    written = (out / PAGE).read_text(encoding="utf-8")
    assert "data:image/png;base64," in written
    assert "data:image/jpeg" not in written
    assert "reduced to 8 × 8 blocks" in written
    verified = ferspec.verify(out / "certificate.json", tmp_path / "set.npz")
    rewrite_pages(verified.certificate, out, SELF_ASSERTED)
    assert (out / PAGE).read_text(encoding="utf-8") == written
    ferspec.certify(tmp_path / "p.csv", tmp_path / "set.npz").write(tmp_path / "hidden")
    rewrite_pages(verified.certificate, tmp_path / "hidden", SELF_ASSERTED)
    assert "data:image/" not in (tmp_path / "hidden" / PAGE).read_text(encoding="utf-8")
