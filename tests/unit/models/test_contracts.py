"""Contracts are read and written without loss, refused with the wrong key, and inferred from model files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferspec import spec
from ferspec.errors import SubjectError, UserError
from ferspec.subjects.models.base import Model, Signature
from ferspec.subjects.models.contracts.answers import output_to_classes
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.contracts.files import (
    apply_contract,
    contract_text,
    infer_contract,
    load_contract,
    save_contract,
)

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
FER = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
GOOD = """
[input]
size = [64, 48]
colour = "gray"
range = [-1, 1]

[output]
classes = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
"""


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "contract.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def model(run=None, format="onnx", **signature):
    return Model(
        "tiny", format, "0" * 64, Signature(**signature), run or (lambda batch: np.full((len(batch), 7), 1 / 7))
    )


def test_a_contract_says_what_its_file_says(toml):
    contract = load_contract(toml(GOOD))
    assert contract.input.size == (64, 48)
    assert (contract.input.colour, contract.input.channels) == ("gray", 1)
    assert contract.input.range == (-1.0, 1.0)
    assert contract.output.classes == FER
    assert contract.output.kind == "probabilities"


CHANGES = {
    "an assumed entry that a contract lacks": (
        "[input]",
        'assumed = ["input.rang"]\n[input]',
        "'input.rang' is not an entry",
    ),
    "not TOML": ("[input]", "[input", "not valid TOML"),
    "an unknown key": ("size =", "sise =", "unknown key input.sise: did you mean size?"),
    "an unknown table": ("[output]", "[outputs]", "output"),
    "a missing key": ("size = [64, 48]", "", "input.size is missing"),
    "a word for a number": ("[64, 48]", '["64", 48]', "input.size.0"),
    "a fraction of a pixel": ("[64, 48]", "[64.5, 48]", "input.size.0"),
    "a third dimension": ("[64, 48]", "[64, 48, 1]", "input.size"),
    "a date": ("[64, 48]", "2024-01-01", "input.size"),
    "a size of 0": ("[64, 48]", "[64, 0]", "input.size: height and width must be above 0"),
    "a size beyond measure": ("[64, 48]", "[100000, 100000]", "input.size: height and width must be at most 4096"),
    "arrays without end": ("[64, 48]", "[" * 50_000, "not valid TOML"),
    "a number without end": ("[64, 48]", f"[{'9' * 5000}, 48]", "not valid TOML"),
    "an unknown colour": ('"gray"', '"grey"', "input.colour"),
    "an empty range": ("[-1, 1]", "[1, 1]", "input.range: the first value must be below the second"),
    "a range upside down": ("[-1, 1]", "[1, 0]", "input.range"),
    "an infinite range": ("[-1, 1]", "[0, inf]", "input.range"),
    "one mean too many": ("range =", "mean = [0.5, 0.5]\nrange =", "input.mean: 2 values for 1 channel"),
    "a range beyond float32": ("[-1, 1]", "[-1, 1e308]", "input.range, mean and std: they map pixels to 1e+308"),
    "a mean beyond float32": ("range =", "mean = [1e308]\nrange =", "which is not a float32 number"),
    "a std of almost 0": ("range =", "std = [1e-308]\nrange =", "which is not a float32 number"),
    "a std of 0": ("range =", "std = [0]\nrange =", "input.std"),
    "a mean of NaN": ("range =", "mean = [nan]\nrange =", "input.mean"),
    "channels against colour": ('"gray"', '"rgb"\nchannels = 1', "colour rgb has 3 channels"),
    "an unknown class": ('"happy"', '"hapy"', "output.classes: unknown class 'hapy': did you mean"),
    "a class twice": ('"happy"', '"anger"', "'angry' and 'anger' are the same class"),
    "a merged class that has no column": (
        "[output]",
        '[output]\nextra = { contempt = "Sad" }',
        "output.extra: 'contempt'",
    ),
    "an unknown policy": ("[output]", '[output]\nextra = "ignore"', "output.extra"),
    "a word outside the known ones": ('"happy"', '"zebra"', "(or '-' for a column outside the seven)"),
    "an unknown kind": ("[output]", '[output]\nkind = "scores"', "output.kind"),
}


@pytest.mark.parametrize(("old", "new", "words"), CHANGES.values(), ids=CHANGES)
def test_a_wrong_contract_is_one_line_with_file_and_key(toml, old, new, words):
    assert old in GOOD
    path = toml(GOOD.replace(old, new))
    with pytest.raises(UserError) as caught:
        load_contract(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert words in message
    assert "\n" not in message


def test_a_missing_contract_or_a_folder_is_one_line(tmp_path):
    with pytest.raises(UserError, match="no such contract file"):
        load_contract(tmp_path / "contract.toml")
    with pytest.raises(UserError, match="it is a folder"):
        load_contract(tmp_path)


number = st.floats(-1e6, 1e6, allow_nan=False)


@st.composite
def contracts(draw):
    colour = draw(st.sampled_from(["rgb", "bgr", "gray"]))
    channels = 3 if colour != "gray" else draw(st.sampled_from([1, 3]))
    low, high = sorted(draw(st.lists(number, min_size=2, max_size=2, unique=True)))
    per_channel = {"min_size": channels, "max_size": channels}
    prepared = Input(
        size=draw(st.tuples(st.integers(1, 4096), st.integers(1, 4096))),
        colour=colour,
        channels=channels,
        range=(low, high),
        mean=draw(st.none() | st.lists(number, **per_channel).map(tuple)),
        std=draw(st.none() | st.lists(st.floats(1e-6, 1e6), **per_channel).map(tuple)),
        resize=draw(st.sampled_from(["nearest", "bilinear", "bicubic", "area", "lanczos"])),
        antialias=draw(st.booleans()),
        layout=draw(st.sampled_from(["channels_last", "channels_first"])),
    )
    kind = draw(st.sampled_from(["probabilities", "logits"]))
    assumed = draw(st.lists(st.sampled_from(["input.range", "output.kind"]), unique=True).map(tuple))
    return Contract(assumed=assumed, input=prepared, output=Output(classes=draw(st.permutations(FER)), kind=kind))


@given(contracts())
def test_a_saved_contract_is_loaded_unchanged(tmp_path_factory, contract):
    path = tmp_path_factory.getbasetemp() / "contract.toml"
    save_contract(contract, path)
    assert load_contract(path) == contract


def test_every_key_is_explained_and_notes_stand_beside_it():
    contract = Contract(input=Input(size=(48, 48)), output=Output(classes=CLASSES))
    text = contract_text(contract, {"input.size": "assumed: the file does not tell"})
    lines = text.splitlines()
    keys = [*Input.model_fields, *Output.model_fields]
    for key in keys:
        place = next(i for i, line in enumerate(lines) if line.startswith((f"{key} =", f"# {key} =")))
        assert lines[place - 1].startswith("# ")
    assert "# height and width in pixels (assumed: the file does not tell)" in lines


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "contract.toml"
    path.write_text("old")

    def full_disk(*_):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full_disk)
    with pytest.raises(UserError, match="no space left"):
        save_contract(Contract(input=Input(size=(48, 48)), output=Output(classes=CLASSES)), path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("contract.toml", "old")]


def test_values_that_a_file_states_are_marked_as_inferred():
    known = {"height": 64, "width": 48, "channels": 1, "layout": "channels_first", "activation": "linear"}
    contract, notes = infer_contract(model(**known, range=(0.0, 255.0), preprocessing=("Rescaling",), labels=FER))
    assert contract == Contract(
        assumed=("input.mean", "input.std", "input.resize", "input.antialias"),
        input=Input(size=(64, 48), colour="gray", range=(0, 255), layout="channels_first"),
        output=Output(classes=FER, kind="logits"),
    )
    assumed = {key for key, note in notes.items() if note.startswith("assumed")}
    assert assumed == {"input.mean", "input.std", "input.resize", "input.antialias"}


def test_values_that_a_file_omits_are_marked_as_assumed():
    contract, notes = infer_contract(model(format="callable"))
    assert contract.input == Input(size=(48, 48))
    assert notes["input.size"] == "assumed: not in the file; the protocol has 48 and 224"
    assert contract.output.classes == spec.load().classes
    inferred = {key for key, note in notes.items() if note.startswith("inferred")}
    assert inferred == {"output.kind"}
    optional = {"batch", "name", "index", "columns"}
    keys = [f"{table}.{key}" for table in ("input", "output") for key in contract.model_dump()[table].keys() - optional]
    assert sorted(notes) == sorted(keys)
    assert sorted(contract.assumed) == sorted(set(keys) - inferred)


def test_a_file_with_an_excessive_input_size_is_refused_before_it_is_run():
    def run(batch):
        raise AssertionError("it was run")

    with pytest.raises(UserError, match=r"^tiny: input\.size: .* at most 4096, not \[100000, 100000\]"):
        infer_contract(model(run=run, height=100_000, width=100_000, channels=3, layout="channels_last"))


def test_a_file_that_declares_more_columns_than_a_contract_names_is_refused_before_they_are_listed():
    with pytest.raises(UserError, match=r"^the output has 1,000,000,000,000 columns: .* at most 1,000$"):
        infer_contract(model(output_width=10**12, activation="softmax"))


@pytest.mark.parametrize(
    ("outputs", "kind"),
    [
        ([0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], "probabilities"),
        ([2.0, -1, 0, 0, 0, 0, 0], "logits"),
        ([1.0] * 7, "probabilities"),
        ([3.0] * 7, "logits"),
    ],
)
def test_an_unknown_last_activation_is_inferred_by_running_the_model(outputs, kind):
    contract, notes = infer_contract(model(run=lambda batch: np.tile(outputs, (len(batch), 1))))
    assert contract.output.kind == kind
    assert "noise" in notes["output.kind"]


def test_a_model_that_cannot_be_run_yet_is_assumed_to_give_probabilities():
    def crash(batch):
        raise ValueError("another size, please")

    contract, notes = infer_contract(model(run=crash))
    assert contract.output.kind == "probabilities"
    assert notes["output.kind"].startswith("assumed")
    assert "another size, please" in notes["output.kind"]


@pytest.mark.parametrize(
    ("read", "values"),
    [((-0.999, 0.993), (-1, 1)), ((0, 1.003), (0, 1)), ((0, 255), (0, 255)), ((-2.1, 2.64), (0, 1))],
)
def test_the_range_of_a_quantised_input_is_recognised(read, values):
    contract, notes = infer_contract(model(range=read, dtype="int8"))
    assert contract.input.range == values
    assert notes["input.range"].startswith("assumed" if read == (-2.1, 2.64) else "inferred")


@pytest.mark.parametrize(
    ("key", "text"),
    [("names", "{0: 'angry', 1: 'sad'}"), ("id2label", '{"1": "sad", "0": "angry"}'), ("Classes", "angry, sad")],
)
def test_labels_in_the_metadata_of_an_onnx_file_are_read(key, text):
    from onnx import ModelProto

    from ferspec.subjects.models.onnx.labels import labels_in

    model = ModelProto()
    model.metadata_props.add(key=key, value=text)
    assert labels_in(model) == ("angry", "sad")


def test_labels_that_are_not_the_seven_classes_are_named_and_not_used():
    contract, notes = infer_contract(model(labels=("cat", "dog")))
    assert contract.output.classes == spec.load().classes
    assert "cat, dog" in notes["output.classes"]


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        ({"height": 48, "width": 48, "channels": 1, "layout": "channels_last"}, "size = 64 x 48"),
        ({"height": 64, "width": 48, "channels": 3, "layout": "channels_last"}, "channels = 1"),
        ({"height": 64, "width": 48, "channels": 1, "layout": "channels_first"}, "layout = channels_last"),
    ],
)
def test_a_contract_that_contradicts_the_file_is_refused(signature, words):
    contract = Contract(input=Input(size=(64, 48), colour="gray", layout="channels_last"), output=Output(classes=FER))
    with pytest.raises(UserError, match=words):
        apply_contract(model(**signature), contract)


def test_the_contract_decides_the_layout_only_where_the_file_does_not():
    shapes = []

    def run(batch):
        shapes.append(batch.shape)
        return np.zeros((len(batch), 7))

    images = np.zeros((2, 5, 6, 3), np.float32)
    silent = Contract(input=Input(size=(5, 6)), output=Output(classes=FER))
    explicit = Contract(input=Input(size=(5, 6), layout="channels_first"), output=Output(classes=FER))
    apply_contract(model(run), silent).predict(images)
    apply_contract(model(run), explicit).predict(images)
    apply_contract(model(run, layout="channels_first"), silent).predict(images)
    assert shapes == [(2, 5, 6, 3), (2, 3, 5, 6), (2, 3, 5, 6)]


def test_columns_are_put_in_the_order_of_the_classes():
    raw = np.array([[0.1, 0.2, 0.3, 0.15, 0.05, 0.12, 0.08]], np.float32)
    ordered = output_to_classes(raw, Contract(input=Input(size=(1, 1)), output=Output(classes=FER)))
    by_name = dict(zip(FER, raw[0], strict=True))
    assert ordered[0].tolist() == [by_name[name.lower()] for name in CLASSES]


@given(st.lists(st.floats(-1e4, 1e4), min_size=7, max_size=7), st.permutations(CLASSES))
def test_logits_become_probabilities_whatever_their_size(logits, order):
    contract = Contract(input=Input(size=(1, 1)), output=Output(classes=order, kind="logits"))
    (found,) = output_to_classes(np.array([logits]), contract)
    differences = np.subtract.outer(logits, logits)
    expected = 1 / np.exp(np.minimum(-differences, 700)).sum(axis=1)
    by_name = dict(zip(order, expected, strict=True))
    np.testing.assert_allclose(found, [by_name[name] for name in CLASSES], atol=1e-12)
    assert found.sum() == pytest.approx(1)


def test_an_output_of_another_width_is_the_models_fault():
    with pytest.raises(SubjectError, match=r"shape \(2, 6\)"):
        output_to_classes(np.zeros((2, 6)), Contract(input=Input(size=(1, 1)), output=Output(classes=FER)))
