"""Reading logs of Keras' ``CSVLogger``, with notes about assumptions and skipped lines."""

import math
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferspec.errors import UserError
from ferspec.subjects.runs.logs.find import find_training_runs
from ferspec.subjects.runs.logs.phases import LoggedPhase, TrainingLog
from ferspec.subjects.runs.logs.training_log import read_training_log

HEADER = "epoch,accuracy,loss,lr,val_accuracy,val_loss"
FIRST = ["0,0.25,2.5,1e-04,0.5,1.75", "1,0.375,2.25,1e-04,0.5625,1.5", "2,0.5,2.0,5e-05,0.59375,1.25"]
SECOND = ["0,0.5,2.125,1e-04,0.5,1.5", "1,0.625,1.75,1e-04,0.625,1.125"]
PHASES = (
    LoggedPhase(
        (0, 1, 2), (2.5, 2.25, 2.0), (0.25, 0.375, 0.5), (1.75, 1.5, 1.25), (0.5, 0.5625, 0.59375), (1e-4, 1e-4, 5e-5)
    ),
    LoggedPhase((0, 1), (2.125, 1.75), (0.5, 0.625), (1.5, 1.125), (0.5, 0.625), (1e-4, 1e-4)),
)
TEXT = "\n".join([HEADER, *FIRST, *SECOND, ""])


@pytest.fixture
def read(tmp_path) -> Callable[[str | bytes], TrainingLog]:
    def read_text(content: str | bytes) -> TrainingLog:
        path = tmp_path / "log.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_training_log(path)

    return read_text


def columns_moved(text: str, *order: int) -> str:
    return "".join(",".join(line.split(",")[place] for place in order) + "\n" for line in text.splitlines())


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        "\ufeff" + TEXT,
        TEXT.replace("\n", "\n\n"),
        TEXT.replace(",", ";"),
        TEXT.replace(",", "\t"),
        TEXT.replace(",", ", "),
        TEXT.replace("lr", "learning_rate"),
        TEXT.replace("accuracy", "acc"),
        TEXT.replace("accuracy", "categorical_accuracy"),
        TEXT.replace("epoch,", '"epoch",').replace("lr", '"lr"'),
        columns_moved(TEXT, 5, 0, 4, 1, 3, 2),
        "\n".join([HEADER, *FIRST, HEADER, *SECOND, ""]),
        "\n".join([HEADER, FIRST[0], HEADER, *FIRST[1:], *SECOND, ""]),
        "\n".join([HEADER + ",top_5", *(line + ",0.9" for line in FIRST + SECOND), ""]),
        "\n".join([HEADER + ",note", *(line + ',"[1, 2]"' for line in FIRST + SECOND), ""]),
    ],
    ids=[
        "as Keras writes it",
        "Windows line ends",
        "old Macintosh line ends",
        "byte order mark",
        "blank lines",
        "semicolons",
        "tabs",
        "spaces after commas",
        "learning_rate for lr",
        "acc for accuracy",
        "categorical_accuracy for accuracy",
        "quoted header",
        "columns in another order",
        "header repeated with the second phase",
        "header repeated within a phase",
        "a further figure",
        "a further column of text",
    ],
)
def test_the_same_training_is_read_from_every_form_of_its_log(read, content):
    log = read(content)
    assert log.phases == PHASES
    assert log.notes == ()


def test_a_log_without_header_is_read_in_the_order_of_keras_and_says_so(read):
    log = read("\n".join([*FIRST, *SECOND, ""]))
    assert log.phases == PHASES
    assert log.columns == tuple(HEADER.split(","))
    assert log.notes == (
        "line 1: no header for its 6 values, read as epoch, accuracy, loss, lr, val_accuracy, val_loss",
    )


def test_without_header_learning_rate_and_loss_are_distinguished(read):
    """Keras 3 sorts ``learning_rate`` before ``loss``, Keras 2 ``lr`` behind it."""
    log = read(columns_moved("\n".join(FIRST + SECOND), 0, 1, 3, 2, 4, 5))
    assert log.phases == PHASES
    assert log.columns[2:4] == ("learning_rate", "loss")


def test_a_header_of_unknown_names_is_not_replaced_by_that_of_keras(read):
    with pytest.raises(UserError, match="its columns are epoch, t_loss, v_loss, t_acc, v_acc; recognised: epoch"):
        read("epoch,t_loss,v_loss,t_acc,v_acc\n" + "".join(f"{epoch},0.9,0.8,0.7,0.6\n" for epoch in range(9)))


def test_semicolons_leave_commas_to_the_decimals(read):
    assert read(TEXT.replace(",", ";").replace(".", ",")).phases == PHASES


def test_a_log_whose_last_epoch_comes_first_is_read_in_ascending_order(read):
    log = read("\n".join([HEADER, *FIRST[::-1], ""]))
    assert log.phases == PHASES[:1]
    assert log.notes == ("the last epoch comes first: read in ascending order",)


@pytest.mark.parametrize("header", [True, False], ids=["with header", "without header"])
def test_a_log_may_have_no_rates(read, header):
    log = read(columns_moved(TEXT if header else "\n".join(FIRST + SECOND), 0, 1, 2, 4, 5))
    assert [phase.rate for phase in log.phases] == [None, None]
    assert [phase.val_loss for phase in log.phases] == [phase.val_loss for phase in PHASES]


def test_a_restart_that_also_logs_rates_is_a_phase_of_its_own(read):
    log = read(columns_moved("\n".join([HEADER, *FIRST]), 0, 1, 2, 4, 5) + "\n".join([*SECOND, ""]))
    assert log.phases[0].rate is None
    assert log.phases[1] == PHASES[1]
    assert log.notes == (
        "line 5: no header for its 6 values, read as epoch, accuracy, loss, lr, val_accuracy, val_loss",
    )


@pytest.mark.parametrize("cut", [1, 4, 12, 20, len(SECOND[-1])], ids=lambda cut: f"{cut} characters short")
def test_a_last_line_that_is_cut_off_is_left_out_and_noted(read, cut):
    log = read(TEXT[:-cut] if cut < len(SECOND[-1]) else TEXT[: -len(SECOND[-1])])
    assert log.phases[0] == PHASES[0]
    assert log.phases[1].epochs == (0,)
    assert log.notes == ("the last line (6) has no line end: treated as truncated and skipped",)


@pytest.mark.parametrize(
    "broken",
    [
        "1,0.5,1.7",
        "1,0.5,1.7,1e-04,0.5",
        "1,0.5,2.0,0.62",
        "what is this",
        "1,0.5,2.0,1e-04,0.5,1.x",
        "1.5,1,2,3,4,5",
        '"',
    ],
)
def test_a_broken_line_is_left_out_and_noted(read, broken):
    log = read("\n".join([HEADER, *FIRST, broken, *SECOND, ""]))
    assert log.phases == PHASES
    assert log.notes == ("unreadable lines were skipped: line 5",)


def test_a_lost_epoch_ends_a_phase_and_is_noted(read):
    log = read("\n".join([HEADER, FIRST[0], FIRST[2], ""]))
    assert [phase.epochs for phase in log.phases] == [(0,), (2,)]
    assert log.notes == ("epoch 1 is missing: a new phase begins",)


@pytest.mark.parametrize(
    ("epochs", "rates", "lengths"),
    [
        ([0, 1, 2, 0, 1], ["1e-04"] * 5, [3, 2]),
        ([0, 0, 0, 1], ["1e-04"] * 4, [1, 1, 2]),
        ([0, 1, 2, 3, 4], ["1e-04", "5e-05", "5e-05", "1e-04", "1e-04"], [3, 2]),
        ([0, 1, 2, 3], ["1e-04", "5e-05", "1e-06", "1e-06"], [4]),
        ([0, 1, 2, 1, 2, 3], ["1e-04"] * 6, [3, 3]),
        ([20, 21, 22], ["1e-04"] * 3, [3]),
        ([0, 1, 2], ["9.999999747378752e-05", "1e-04", "9.999999747378752e-05"], [3]),
        ([0, 1, 2], ["NA", "1e-04", "nan"], [3]),
        (list(range(5)) * 92, ["1e-04"] * 460, [5] * 92),
    ],
    ids=[
        "epochs start from 0 again",
        "broken off after one epoch, twice",
        "the rate rises while epochs are counted up",
        "the rate falls, by whatever factor",
        "continued from an earlier epoch",
        "beginning at another epoch than 0",
        "the same rate printed long and short",
        "rates that are not available",
        "restarted 92 times",
    ],
)
def test_phases_begin_where_a_new_training_began(read, epochs, rates, lengths):
    rows = (f"{epoch},0.5,2.0,{rate},0.5,1.5" for epoch, rate in zip(epochs, rates, strict=True))
    log = read("\n".join([HEADER, *rows, ""]))
    assert [len(phase) for phase in log.phases] == lengths
    assert [epoch for phase in log.phases for epoch in phase.epochs] == epochs


def test_the_history_of_a_run_is_split_by_its_column_of_phases(read):
    """Its epochs are counted across the phases."""
    rows = [f"{epoch},0.5,1e-04,2.0,0.5,1.5,{1 + (epoch > 2)}" for epoch in range(5)]
    log = read("\n".join(["epoch,accuracy,learning_rate,loss,val_accuracy,val_loss,phase", *rows, ""]))
    assert [phase.epochs for phase in log.phases] == [(0, 1, 2), (3, 4)]


def test_an_epoch_without_validation_differs_from_a_loss_of_nan(read):
    phase = read("\n".join([HEADER, "0,0.5,2,1e-04,NA,NA", "1,0.5,2,1e-04,0.5,nan", ""])).phases[0]
    assert all(map(math.isnan, phase.val_loss))
    assert phase.unvalidated == {0}


@pytest.mark.parametrize(("last", "lost"), [(SECOND[-1], False), (SECOND[-1][:-3], True), ("2,0.5\n", True)])
def test_a_log_says_whether_its_end_is_lost(read, last, lost):
    end = "" if lost else "\n"
    assert read("\n".join([HEADER, *FIRST, *SECOND[:-1], last]) + end).end_lost is lost


def test_a_log_that_counts_from_1_says_so(tmp_path):
    (tmp_path / "log.csv").write_text("\n".join([HEADER, *FIRST[1:], ""]))
    (run,) = find_training_runs(tmp_path / "log.csv").runs
    assert (run.first_epoch, run.whole_beginnings) == (1, (True,))
    assert run.notes == ("its first epoch is 1: read as the first of the training, as no epoch 0 is logged",)


def test_unavailable_metrics_are_nan(read):
    phase = read("\n".join([HEADER, "0,0.5,nan,1e-04,NA,inf", ""])).phases[0]
    assert math.isnan(phase.loss[0])
    assert math.isnan(phase.val_accuracy[0])
    assert phase.val_loss == (math.inf,)


def test_a_training_without_validation_has_no_validation_figures(read):
    phase = read("epoch,accuracy,loss\n0,0.5,2.0\n").phases[0]
    assert phase == LoggedPhase((0,), (2.0,), (0.5,))


def test_a_keras_log_of_two_calls_of_fit_has_two_phases(tmp_path):
    import keras

    for times, rate in enumerate((1e-4, 1e-4)):
        logger = keras.callbacks.CSVLogger(tmp_path / "log.csv", append=times > 0)
        logger.set_model(SimpleNamespace(stop_training=False))
        logger.on_train_begin()
        for epoch in range(3):
            figures = {
                "accuracy": 0.5,
                "loss": 2.0 - epoch,
                "val_accuracy": 0.25,
                "val_loss": 1.5,
                "learning_rate": rate,
            }
            logger.on_epoch_end(epoch, figures)
        logger.on_train_end()
    log = read_training_log(tmp_path / "log.csv")
    assert (
        log.phases == (LoggedPhase((0, 1, 2), (2.0, 1.0, 0.0), (0.5,) * 3, (1.5,) * 3, (0.25,) * 3, (1e-4,) * 3),) * 2
    )
    assert log.notes == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a training log: no line has an epoch"),
        (HEADER + "\n", "is not a training log: no line below its header"),
        ("path,label,prediction\na.png,1,2\n", "its columns are path, label, prediction; missing: a loss"),
        ("12,2,3,4,5,6\n13,2,3,4,5,6\n", "is not a training log: no line has an epoch"),
        ('{"epoch": [0, 1]}\n', "its columns are epoch; recognised: epoch; missing: a loss"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "is not a training log: no line has an epoch"),
        ("x" * 200_000 + ",1\n", "is not a training log: no line has an epoch"),
    ],
    ids=["empty", "header alone", "another table", "numbers without header", "JSON", "a picture", "a very long line"],
)
def test_a_file_that_is_not_a_training_log_is_refused_in_one_line(read, content, message):
    with pytest.raises(UserError, match=message) as refusal:
        read(content)
    assert "\n" not in str(refusal.value)


@given(place=st.integers(0, len(TEXT)), inserted=st.binary(max_size=12) | st.text(',;"\n\r0123e-.', max_size=12))
def test_damage_in_one_place_does_not_lose_a_log(tmp_path_factory, place, inserted):
    path = tmp_path_factory.getbasetemp() / "damaged.csv"
    content = inserted if isinstance(inserted, bytes) else inserted.encode()
    path.write_bytes(TEXT[:place].encode() + content + TEXT[place:].encode())
    log = read_training_log(path)
    assert 0 < sum(map(len, log.phases)) <= len(FIRST + SECOND) + 12


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"cannot read .*absent\.csv: No such file"):
        read_training_log(tmp_path / "absent.csv")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot read"):
        read_training_log(tmp_path)


# The published logs


BY_HAND = {
    "alexnet-48-affectnet-conservative": [(66, 1e-4, 2.5e-5)],
    "densenet121-48-rafdb-conservative": [(40, 1e-4, 5e-5), (39, 1e-4, 5e-5)],
    "efficientnet-48-affectnet-simple": [(1, 1e-4, 1e-4), (20, 1e-4, 5e-5), (62, 1e-4, 2.5e-5)],
    "efficientnet-48-rafdb-simple": [
        (20, 1e-4, 5e-5),
        (1, 1e-5, 1e-5),
        (96, 1e-4, 1.25e-5),
        (20, 1e-4, 5e-5),
        (111, 1e-4, 2.5e-5),
    ],
    "efficientnet-multitask-48-rafdb-conservative": [
        (68, 1e-4, 5e-5),
        (69, 1e-3, 5e-4),
        (96, 1e-4, 5e-5),
        (34, 1e-5, 5e-6),
        (21, 1e-6, 5e-7),
        (94, 1e-4, 2.5e-5),
        (31, 1e-5, 5e-6),
    ],
    "ensemble-48-fer2013-conservative": [(150, 1e-4, 3.125e-6)],
    "googlenet-224-fer2013-simple": [(89, 1e-4, 2.5e-5), (21, 1e-5, 5e-6), (29, 1e-6, 5e-7)],
    "googlenet-48-rafdb-conservative": [(69, 1e-4, 5e-5), (21, 2.5e-5, 1.25e-5), (23, 1e-5, 5e-6)],
    "lenet-48-rafdb-conservative": [(99, 1e-4, 5e-5), (115, 1e-3, 6.25e-5)],
    "mnist-net-48-rafdb-simple": [(35, 1e-5, 5e-6), (144, 1e-4, 3.125e-6)],
    "mobilenet-224-fer2013-conservative": [(21, 1e-6, 5e-7)],
    "mobilnetv2-48-affectnet-simple": [(1, 1e-3, 1e-3), (28, 1e-3, 5e-4), (7, 1e-5, 1e-5), (45, 1e-4, 5e-5)],
    "nasnet-mobile-48-fer2013-simple": [(20, 1e-4, 1e-4), (62, 1e-4, 5e-5), (30, 1e-4, 1e-4), (59, 1e-4, 5e-5)],
    "resnet50-imagenet-224-fer2013-conservative": [(9, 1e-4, 1e-4), (27, 1e-4, 5e-5)],
    "senet-224-affectnet-conservative": [(8, 1e-4, 1e-4), (46, 1e-4, 2.5e-5)],
    "sequential-1-224-fer2013-simple": [(200, 1e-4, 1.5625e-6)],
    "sequential-1-48-affectnet-simple": [(130, None, None), (50, 1e-4, 5e-5)],
    "sequential-1-48-fer2013-simple": [(50, None, None)],
    "smmb-48-fer2013-conservative": [(24, 5e-5, 2.5e-5)],
    "vgg16-imagenet-48-rafdb-simple": [(32, 1e-4, 5e-5)],
    "vgg19-224-rafdb-simple": [(20, 1e-4, 1e-4), (24, 1e-6, 1e-6), (3, 1e-4, 1e-4), (50, 1e-4, 5e-5)],
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_published_log_has_the_phases_counted_by_hand(reference, name):
    """Epochs, first and last rate of each phase, read off the lines where epochs start from 0 again."""
    phases = read_training_log(reference / "training_logs" / f"{name}.csv").phases
    rates = [(phase.rate or (None,)) for phase in phases]
    assert [(len(phase), rate[0], rate[-1]) for phase, rate in zip(phases, rates, strict=True)] == BY_HAND[name]


def test_every_published_log_is_read_whole(reference):
    """Two need a note: one has no header, the other was restarted with a column more than its header names."""
    noted = set()
    for path in (reference / "training_logs").glob("*.csv"):
        log = read_training_log(path)
        lines = [line for line in path.read_text().splitlines() if not line.startswith("epoch")]
        assert sum(map(len, log.phases)) == len(lines), path.stem
        noted |= {path.stem} if log.notes else set()
    assert noted == {"vgg16-imagenet-48-rafdb-simple", "sequential-1-48-affectnet-simple"}
