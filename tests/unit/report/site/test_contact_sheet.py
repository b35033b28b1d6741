"""Figure 1 of the site: a contact sheet of the user's own datasets."""

import base64
import io

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from ferspec.errors import UserError
from ferspec.report.site.contact_sheet import sheet_files, sheet_of

COLOURS = {"angry": (200, 0, 0), "sad": (0, 0, 200)}


@pytest.fixture
def folder(tmp_path):
    """Two classes of two images: the first one of each is of the colour of its class."""
    for name, colour in COLOURS.items():
        (tmp_path / "Mine" / name).mkdir(parents=True)
        for number, shade in enumerate((colour, (128, 128, 128))):
            pixels = np.full((40, 60, 3), shade, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "Mine" / name / f"{number}.png")
    return tmp_path / "Mine"


def test_a_sheet_shows_the_first_image_of_each_class(folder):
    files = dict(sheet_files([sheet_of(folder)]))
    page = BeautifulSoup(files["figures/figure-1.html"], "lxml")
    shown = {image["alt"]: image["src"].partition(",")[2] for image in page.select("table.sheet img")}
    assert list(shown) == ["Mine, Angry", "Mine, Sad"]
    for text, colour in zip(shown.values(), COLOURS.values(), strict=True):
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))
        assert picture.shape == (64, 96, 3)
        assert np.abs(picture.mean((0, 1)) - colour).max() < 6
    assert files["figures/figure-1.csv"].splitlines()[0] == "dataset,class,image"
    assert files["figures/figure-1.csv"].count("0.png") == 2


def test_without_datasets_there_is_no_sheet():
    assert dict(sheet_files([])) == {}


def test_a_folder_without_classes_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("a note")
    with pytest.raises(UserError):
        sheet_of(tmp_path)
