"""The data files of the specification: their digest, and one clear line for each mistake."""

import shutil

import pytest

from ferspec import spec
from ferspec.spec import loader

SPEC = spec.load()


@pytest.fixture
def data(tmp_path):
    return shutil.copytree(loader.DATA, tmp_path / "data")


def edit(folder, name, old, new):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


W02 = 'id = "FER-W-02"'
WEIGHTING, ERRATA = "clauses/weighting.toml", "errata.toml"
CAP = 'place = "paper 3.4, Fig. 13"\nstatus = "normative"'
FIRST_CELL = "VGG16,imagenet,48,RAF-DB,simple,"
TAMPERED = {
    "an unknown key": (WEIGHTING, W02, W02 + "\nnote = 1", "weighting.toml: FER-W-02: note: unknown key"),
    "an unknown table": (WEIGHTING, "[[clause]]", "[[clauze]]", "weighting.toml: unknown key 'clauze'"),
    "an id twice in a file": (WEIGHTING, W02, 'id = "FER-W-01"', "weighting.toml: FER-W-01: this id occurs twice"),
    "an id twice in two files": (WEIGHTING, W02, 'id = "FER-Z-01"', "weighting.toml: FER-Z-01: this id occurs twice"),
    "no source": (WEIGHTING, 'source = "paper"\n', "", "weighting.toml: FER-W-01: source: Field required"),
    "an unknown source": (WEIGHTING, '"paper"', '"hearsay"', "weighting.toml: FER-W-01: unknown source 'hearsay'"),
    "an unknown status": (WEIGHTING, '"normative"', '"certain"', "weighting.toml: FER-W-01: status: "),
    "a title of an unknown value": (
        WEIGHTING,
        "{cap:g}",
        "{cup:g}",
        "weighting.toml: FER-W-02: the title does not fit",
    ),
    "untestable for no reason": (
        WEIGHTING,
        CAP,
        'place = "3.4"\nstatus = "untestable"',
        "weighting.toml: FER-W-02: an untestable clause needs a reason",
    ),
    "profiles that name different values": (
        "clauses/pretraining.toml",
        "paper = { units",
        "paper = { widths",
        "pretraining.toml: FER-P-04: both profiles must give the same values",
    ),
    "a value that is a note too": (
        "clauses/datasets.toml",
        "detector =",
        "margin =",
        "datasets.toml: FER-D-07: a name is used twice",
    ),
    "an erratum of an unknown clause": (ERRATA, '"FER-W-02"', '"FER-W-99"', "errata.toml: ERR-25: unknown clause"),
    "an erratum of an unknown cell": (
        ERRATA,
        '"resnet18-scratch-48-rafdb-conservative"',
        '"resnet18-scratch-96-rafdb-conservative"',
        "errata.toml: ERR-23: unknown cell 'resnet18-scratch-96-rafdb-conservative'",
    ),
    "an erratum of an unknown network": (
        ERRATA,
        'networks = ["Ensemble"]',
        'networks = ["Ensembles"]',
        "errata.toml: ERR-14: unknown network 'Ensembles'",
    ),
    "an erratum with an unknown rule": (ERRATA, '"differ"', '"odd"', "errata.toml: ERR-29: unknown rule 'odd'"),
    "an erratum with an unknown value": (
        ERRATA,
        '"FER-P-04.units"',
        '"FER-P-04.width"',
        "errata.toml: ERR-05: no value 'FER-P-04.width' under the profile 'released'",
    ),
    "an erratum with an unknown value among several": (
        ERRATA,
        '"FER-N-10.last_dropout"',
        '"FER-N-10.last_drop"',
        "errata.toml: ERR-14: no value 'FER-N-10.last_drop' under the profile 'released'",
    ),
    "an erratum with one profile twice": (
        ERRATA,
        'profile = "paper"',
        'profile = "released"',
        "errata.toml: ERR-02: expected one reading for each profile, released first",
    ),
    "a contradiction unexplained": (
        ERRATA,
        '["FER-N-10"]',
        "[]",
        "errata.toml: no erratum explains the contradicted clause FER-N-10",
    ),
    "an alias of two classes": ("classes.toml", '"anger"', '"sadness"', "classes.toml: aliases: 'sadness' has two"),
    "an order of unknown names": ("classes.toml", '"Contempt"', '"Scorn"', "label_orders: AffectNet: 'Scorn' is not"),
    "a count missing": ("datasets.toml", "877, ", "", "datasets.toml: RAF-DB: 6 counts for 7 classes"),
    "a network without its clause": (
        "networks.toml",
        "FER-N-03",
        "FER-N-99",
        "networks.toml: ResNet18: unknown clause",
    ),
    "a cell twice": (
        "grid.csv",
        FIRST_CELL,
        "VGG16,imagenet,48,RAF-DB,conservative,",
        "grid.csv: line 3: the cell vgg16",
    ),
    "a cell of an unknown dataset": (
        "grid.csv",
        FIRST_CELL,
        "VGG16,imagenet,48,CK,simple,",
        "grid.csv: vgg16-imagenet-48-ck",
    ),
    "a figure out of range": (
        "grid.csv",
        FIRST_CELL + "0.78",
        FIRST_CELL + "78",
        "grid.csv: line 2: printed.val_precis",
    ),
    "a resolution of no table": ("grid.csv", FIRST_CELL, "VGG16,imagenet,96,RAF-DB,simple,", "line 2: resolution: "),
    "a column unknown": (
        "grid.csv",
        "printed_val_f1",
        "printed_val_f2",
        "grid.csv: line 2: printed_val_f2: unknown key",
    ),
    "no TOML": (ERRATA, "[[erratum]]", "[[erratum]", "errata.toml: not TOML"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_specification_is_refused_with(what, data):
    name, old, new, message = TAMPERED[what]
    edit(data, name, old, new)
    with pytest.raises(spec.SpecError) as refusal:
        spec.load(data)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_specification_without_a_file_is_refused(data):
    (data / "networks.toml").unlink()
    with pytest.raises(spec.SpecError, match=r"networks\.toml: the file is missing"):
        spec.load(data)


def test_a_specification_without_what_the_grid_needs_is_refused(data):
    (data / "clauses" / "grid.toml").unlink()
    with pytest.raises(spec.SpecError, match="FER-G-04: the value 'agree_below' is missing"):
        spec.load(data)


def test_an_untouched_copy_is_accepted(data):
    assert spec.load(data) == SPEC


def test_records_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        SPEC.clause("FER-W-02").title = "another"


def test_the_digest_changes_with_any_content_but_not_with_line_ends(data):
    copied = loader.digest(data)
    assert copied == SPEC.digest
    path = data / "clauses" / "weighting.toml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert loader.digest(data) == SPEC.digest
    path.write_bytes(path.read_bytes().replace(b"cap = 3.0", b"cap = 4.0"))
    assert loader.digest(data) != SPEC.digest
