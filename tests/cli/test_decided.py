"""What was decided about the images is said on the terminal before they are judged."""

import cv2
import numpy as np
import pytest

from ferspec.subjects.models.contracts.files import save_contract
from helpers.callables import CENTRES
from helpers.miniatures import CLASSES, contract


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Class folders with two pictures each, beside a contract."""
    monkeypatch.chdir(tmp_path)
    save_contract(contract(), tmp_path / "contract.toml")
    folders = [tmp_path / "set" / name for name in CLASSES]
    for folder, centre in zip(folders, CENTRES, strict=True):
        folder.mkdir(parents=True)
        for number in range(2):
            cv2.imwrite(str(folder / f"{number}.png"), np.full((8, 8, 3), centre + number, np.uint8))
    return folders


def test_skipped_files_and_double_labels_are_said(ferspec, folders):
    (folders[5] / "0.png").write_bytes((folders[2] / "0.png").read_bytes())
    (folders[3] / "2.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    given = ("--dataset", "set", "--contract", "contract.toml", "-k", "FER-B-04")
    assert ferspec("certify", "helpers.callables:right", *given)[2].splitlines() == [
        "images: 14 of set (class folders): 2 of each class",
        "  HEIC files were skipped: 1 (1 in Happy): save them as PNG",
        "  images that occur with different labels: 1 (Fear/0.png Fear = Sad/0.png Sad)",
    ]
