"""Reading a file of declared deviations."""

import pytest

from ferspec.deviations import load_deviations
from ferspec.errors import UserError

ENTRY = '[[deviation]]\nclause = "FER-B-05"\ncategory = "unsupported"\nreason = "dropout stays on"\n'


def write(tmp_path, text):
    path = tmp_path / "deviations.toml"
    path.write_text(text)
    return path


def test_a_well_formed_file_is_read(tmp_path):
    (deviation,) = load_deviations(write(tmp_path, ENTRY))
    assert (deviation.clause, deviation.category, deviation.reason) == ("FER-B-05", "unsupported", "dropout stays on")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no deviations"),
        ("[[deviations]]\n", "holds no deviations"),
        ("[deviation]\n", "holds no deviations"),
        ("not toml", "cannot read"),
        (ENTRY.replace("FER-B-05", "FER-B-99"), "FER-B-99"),
        (ENTRY.replace("unsupported", "whatever"), "category"),
        (ENTRY.replace('reason = "dropout stays on"', ""), "reason"),
        (ENTRY.replace("dropout stays on", ""), "reason"),
        (ENTRY + 'sice = "2024"\n', "sice"),
        (ENTRY + ENTRY, "twice"),
        (ENTRY.replace("FER-B-05", "FER-B-09"), "FER-B-09 cannot be declared"),
        (ENTRY.replace("FER-B-05", "FER-B-10"), "FER-B-10 cannot be declared"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(tmp_path, text, says):
    with pytest.raises(UserError, match=says) as error:
        load_deviations(write(tmp_path, text))
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.toml"):
        load_deviations(tmp_path / "nowhere.toml")
