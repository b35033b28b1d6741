"""Logs of other trainers are read by the parts of their names, with the outcomes of the same training in Keras' log."""

import json
import pickle
import re
from collections.abc import Iterable, Sequence
from itertools import count

import pytest

import ferspec
from ferspec.errors import UserError
from ferspec.subjects.runs.logs.find import find_training_runs
from ferspec.subjects.runs.logs.names import read_names
from ferspec.subjects.runs.logs.phases import LoggedPhase
from ferspec.subjects.runs.logs.training_log import read_training_log
from helpers.made.logs import trained
from helpers.made.trainers import FORMS, KERAS, console, renamed
from mutants.runs import head, whole

ALL = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "rate")


@pytest.mark.parametrize(
    ("names", "metrics"),
    [
        ("epoch,Train Loss,Train Acc,Val Loss,Val Acc,LR", ALL),
        ("Epoch,trainLoss,trainAcc,valLoss,valAcc,learningRate", ALL),
        ("epoch,trainloss,trainacc,valloss,valacc,lr", ALL),
        ("epoch,train/loss,train/acc@1,dev/loss,dev/prec@1,lr-AdamW/pg1", ALL),
        ("epoch,loss/train,accuracy/train,loss/validation,accuracy/validation,train_lr", ALL),
        ("train/epoch,train/loss,train_top_1,evaluation_loss,evaluation_top1_acc,train/learning_rate", ALL),
        ("index,losses,accs,val_losses,val_accs,learning_rate", ALL),
        ("epoch,train_loss_epoch,train_MulticlassAccuracy,val_raw_loss,val_avg_acc,lr/group0", ALL),
        ("epoch,run-3 - loss,run-3 - accuracy,run-3 - val_loss,run-3 - val_accuracy,run-3 - lr", ALL),
    ],
)
def test_metrics_are_known_by_the_parts_of_their_names(names, metrics):
    columns = names.split(",")
    assert read_names(columns).metrics == dict(zip(columns, metrics, strict=True))


@pytest.mark.parametrize(
    "name",
    [
        *("train/box_loss", "loss_step", "train_loss_step", "batch_loss", "val_loss__MIN", "best_val_loss", "top5"),
        *(
            "val_top_5_acc",
            "accuracy_top5",
            "auc",
            "lr_backbone",
            "momentum",
            "epoch_time",
            "loss_ratio",
            "train_val_loss",
        ),
        "evaluation_loss_vs_iterations",
    ],
)
def test_other_names_are_not_metrics(name):
    assert read_names([name]).metrics == {}


def test_of_several_names_for_a_metric_the_plainest_counts():
    names = ["epoch", "loss", "val_raw_loss", "val_loss", "categorical_accuracy", "accuracy", "lr/pg2", "lr/pg0"]
    known = {metric: name for name, metric in read_names(names).metrics.items()}
    assert (known["val_loss"], known["accuracy"], known["rate"]) == ("val_loss", "accuracy", "lr/pg0")


@pytest.mark.parametrize(
    ("names", "note"),
    [
        (["epoch", "loss", "test_loss"], "no validation is logged: test_loss is read as the validation loss"),
        (["train_loss", "valid_loss", "accuracy"], "accuracy is read as the validation accuracy, as fastai logs it"),
    ],
)
def test_an_assumption_about_a_name_is_noted(names, note):
    assert read_names(names).notes == (note,)


# The same training in every form


def outcomes(path, weights=None) -> list[tuple[str, str]]:
    audit = ferspec.audit(path, weights=weights)
    return [(outcome.clause, str(outcome.status)) for outcome in audit.outcomes]


def written(folder, name: str, phases: Sequence[LoggedPhase]):
    (folder / name).write_text(FORMS[name](phases))
    return folder / name


@pytest.fixture(scope="module")
def training():
    return head(20), whole()


@pytest.mark.parametrize("name", FORMS)
def test_a_training_has_the_same_outcomes_in_every_trainers_log(tmp_path, training, name):
    expected = outcomes(written(tmp_path, "keras.csv", training), "imagenet")
    path = written(tmp_path, name, training)
    assert outcomes(path, "imagenet") == expected
    (run,) = find_training_runs(path).runs
    assert [len(phase) for phase in run.phases] == [20, len(whole())]
    for found, phase in zip(run.phases, training, strict=True):
        assert (found.val_loss, found.rate) == (phase.val_loss, pytest.approx(phase.rate))
        assert found.val_accuracy == pytest.approx(phase.val_accuracy)
    assert not [note for note in run.notes if "unreadable" in note or "missing" in note]


@pytest.mark.parametrize(("patience", "verdict"), [(10, "pass"), (9, "fail"), (12, "fail")])
def test_other_trainers_may_log_the_rate_of_the_next_epoch(tmp_path, patience, verdict):
    """PyTorch's users often log the rate after the scheduler's step; two reductions in a plateau show which."""
    phase = trained(plateau={"patience": patience}, rates_of_next=True)
    audit = ferspec.audit(written(tmp_path, "capitals.csv", [phase]), select="FER-S-03")
    assert audit.verdict == verdict
    assert any("the rate of the next one" in note for note in audit.runs[0].notes) == (verdict == "pass")


def test_a_table_without_any_number_of_an_epoch_is_counted(tmp_path):
    names = {name: name for name in KERAS if name != "epoch"}
    (tmp_path / "log.csv").write_text(renamed(names)([whole()]))
    assert read_training_log(tmp_path / "log.csv").phases[0].epochs == tuple(range(len(whole())))


def test_a_loss_of_nan_that_pandas_left_empty_differs_from_no_validation(tmp_path):
    (tmp_path / "log.csv").write_text(",loss,val_loss,val_accuracy\n0,2.0,1.5,0.5\n1,2.0,,0.5\n2,2.0,,\n")
    (phase,) = read_training_log(tmp_path / "log.csv").phases
    assert (len(phase), phase.unvalidated) == (3, {2})


@pytest.mark.parametrize(
    "document",
    [
        {"loss": {"0": 2.0, "1": 1.5}, "val_loss": {"0": 2.5, "1": 2.0}},
        {"0": {"loss": 2.0, "val_loss": 2.5}, "1": {"loss": 1.5, "val_loss": 2.0}},
        {"train": {"loss": [2.0, 1.5]}, "val": {"loss": [2.5, 2.0]}, "seed": 3},
        {"args": {"lr": 0.1}, "history": {"train_losses": ["2.0", "1.5"], "val_losses": [2.5, 2.0]}},
        [{"epoch": 1, "loss": 2.0, "val_loss": 2.5}, {"epoch": 2, "loss": 1.5, "val_loss": 2.0}],
    ],
    ids=["pandas, by column", "pandas, by index", "by split", "within another document, as text", "records from 1"],
)
def test_histories_in_json_are_read_in_every_order(tmp_path, document):
    (tmp_path / "history.json").write_text(json.dumps(document))
    (phase,) = read_training_log(tmp_path / "history.json").phases
    assert (phase.loss, phase.val_loss) == ((2.0, 1.5), (2.5, 2.0))


def test_nan_in_json_is_a_loss(tmp_path):
    (tmp_path / "history.json").write_text('{"loss": [2.0, NaN], "val_loss": [1.0, Infinity]}')
    (phase,) = read_training_log(tmp_path / "history.json").phases
    assert (phase.loss[1] != phase.loss[1], phase.val_loss[1]) == (True, float("inf"))


def test_keras_output_shows_where_fit_was_called_again(tmp_path):
    """The second call has another last epoch, although its epochs continue the numbers of the first."""
    lines = (f"Epoch {epoch}/{3 if epoch < 4 else 5}\n9/9 - 2s - loss: 2.0 - val_loss: 1.5" for epoch in range(1, 6))
    (tmp_path / "out.log").write_text("\n".join([*lines, ""]))
    (run,) = find_training_runs(tmp_path / "out.log").runs
    assert ([phase.epochs for phase in run.phases], run.phases_named) == ([(1, 2, 3), (4, 5)], True)


def test_keras_output_that_is_cut_off_loses_its_last_epoch(tmp_path):
    text = console([head(5)])
    (tmp_path / "out.log").write_text(text[: text.rindex("val_loss")])
    log = read_training_log(tmp_path / "out.log")
    assert (len(log.phases[0]), log.end_lost, log.format) == (4, True, "Keras' output")


def pytorch_events(path, values: Iterable[tuple[str, float, int]]):
    """Write scalars as PyTorch's SummaryWriter does."""
    pytest.importorskip("tensorboard")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

    path.mkdir(parents=True, exist_ok=True)
    with (path / "events.out.tfevents.1.host").open("wb") as file:
        writer = RecordWriter(file)
        for tag, value, step in values:
            event = Event(step=step)
            event.summary.value.add(tag=tag, simple_value=value)
            writer.write(event.SerializeToString())


def test_tags_of_pytorch_are_read_from_tensorboard(tmp_path):
    """Its add_scalars writes to a folder for each name."""
    phase = whole()
    steps = [200 * (place + 1) for place in range(len(phase))]
    series = {"Loss/train": phase.loss, "val/loss": phase.val_loss, "lr": phase.rate}
    values = [(tag, value, step) for tag, logged in series.items() for value, step in zip(logged, steps, strict=True)]
    pytorch_events(tmp_path / "run", values)
    accuracies = [("Accuracy", value, step) for value, step in zip(phase.val_accuracy, steps, strict=True)]
    pytorch_events(tmp_path / "run" / "Accuracy_val", accuracies)
    (run,) = find_training_runs(tmp_path / "run").runs
    (found,) = run.phases
    assert (found.val_loss, found.val_accuracy) == (pytest.approx(phase.val_loss), pytest.approx(phase.val_accuracy))
    assert "steps are batches: epochs are counted by the validation losses" in run.notes
    assert outcomes(tmp_path / "run") == outcomes(written(tmp_path, "keras.csv", [phase]))


def test_lightning_logs_the_epoch_beside_its_steps_on_tensorboard(tmp_path):
    phase = whole()
    values = [
        (tag, value, 167 * place + 166)
        for place in range(len(phase))
        for tag, value in (
            ("epoch", place),
            ("val_loss", phase.val_loss[place]),
            ("train_loss_epoch", phase.loss[place]),
        )
    ]
    rates = [("lr-Adam", rate, 167 * place) for place, rate in enumerate(phase.rate)]
    pytorch_events(tmp_path, values + rates)
    (found,) = find_training_runs(tmp_path).runs[0].phases
    assert (found.epochs, found.rate) == (phase.epochs, pytest.approx(phase.rate))


# Refusals


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("history.pkl", pickle.dumps({"loss": [1.0]})),
        ("history", pickle.dumps({"loss": [1.0]})),
        ("history.pickle", pickle.dumps({"loss": [1.0]}, protocol=0)),
        ("history.npy", b"\x93NUMPY\x01\x00"),
    ],
)
def test_a_pickle_is_named_and_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name} is a pickle, an array or an archive: .* Save the history as CSV"):
        ferspec.audit(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "results.csv",
            "epoch,train/box_loss,train/dfl_loss,lr/pg0\n1,2,3,0.01\n",
            r"columns are epoch, train/box_loss, train/dfl_loss, lr/pg0; recognised: epoch, lr/pg0; missing: a loss",
        ),
        ("summary.json", '{"best_accuracy": 0.6}', "its columns are best_accuracy; missing: a loss"),
        ("broken.json", '{"loss": [1.0, 2.0', "it is not JSON"),
        ("charts.csv", "Step,a - val_loss,b - loss\n0,2,3\n", r"holds 2 runs \(a, b\): export one run"),
    ],
)
def test_a_refusal_lists_what_was_seen_and_what_is_missing(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=message) as refusal:
        ferspec.audit(tmp_path / name)
    assert "\n" not in str(refusal.value)


# The published logs, as other trainers would have written them

FEW = ("densenet121-224-fer2013-simple", "googlenet-48-rafdb-simple", "sequential-1-48-fer2013-simple")
NUMBERED_ON = "numbered_on.csv"


def numbered_on(path) -> str:
    """Return the lines of a log with the epochs of a later phase numbered from those of the phase before."""
    numbers = count()
    return re.sub(r"^\d+(?=,)", lambda _: str(next(numbers)), path.read_text(), flags=re.MULTILINE)


def changed(folder, originals, form: str) -> list[str]:
    """Return the published logs with another verdict in a form, or another outcome that is not inconclusive."""
    found = []
    for original, before in originals.items():
        path = folder / f"{original.stem}-{form}"
        text = numbered_on(original) if form == NUMBERED_ON else FORMS[form](read_training_log(original).phases)
        path.write_text(text)
        after = outcomes(path)
        pairs = list(zip(before, after, strict=True))
        if any(new != old and (form != NUMBERED_ON or new[1] != "inconclusive") for old, new in pairs):
            found.append(f"{original.stem}: {[pair for pair in pairs if pair[0] != pair[1]]}")
    return found


def read_originals(reference, names: Iterable[str]):
    return {path: outcomes(path) for name in names if (path := reference / "training_logs" / f"{name}.csv")}


@pytest.mark.parametrize("form", [*FORMS, NUMBERED_ON])
def test_published_logs_have_the_same_outcomes_in_another_form(tmp_path, reference, form):
    assert changed(tmp_path, read_originals(reference, FEW), form) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_published_logs_have_the_same_outcomes_in_every_form(tmp_path, reference):
    """Where epochs continue their numbers, three are inconclusive instead."""
    originals = read_originals(reference, sorted(path.stem for path in (reference / "training_logs").glob("*.csv")))
    assert len(originals) == 124
    assert {form: changes for form in (*FORMS, NUMBERED_ON) if (changes := changed(tmp_path, originals, form))} == {}
