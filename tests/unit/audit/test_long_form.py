"""A log with a line for each split says the same as one with a line for each epoch."""

import json

import pytest

from ferspec.subjects.runs.logs.training_log import read_training_log

LOSSES = [(1.8, 1.9), (1.5, 1.7), (1.4, 1.6)]


def lines(split_of):
    for epoch, losses in enumerate(LOSSES):
        for split, loss in zip(split_of, losses, strict=True):
            yield {"epoch": epoch, "split": split, "loss": loss, "acc": 1 - loss / 2, "lr": 1e-4}


def as_csv(records):
    header = ",".join(records[0])
    return "\n".join([header, *(",".join(map(str, record.values())) for record in records)]) + "\n"


def as_json_lines(records):
    return "\n".join(map(json.dumps, ({"seed": 1}, *records))) + "\n"


@pytest.mark.parametrize("name", ["split", "phase", "mode"])
@pytest.mark.parametrize("split_of", [("train", "val"), ("Training", "Validation"), ("train", "eval")])
@pytest.mark.parametrize(("write", "suffix"), [(as_csv, ".csv"), (as_json_lines, ".json")], ids=["csv", "json"])
def test_metrics_are_those_of_the_split_that_a_line_names(tmp_path, name, split_of, write, suffix):
    records = [{key if key != "split" else name: value for key, value in line.items()} for line in lines(split_of)]
    path = tmp_path / f"log{suffix}"
    path.write_text(write(records))
    (phase,) = read_training_log(path).phases
    assert list(zip(phase.loss, phase.val_loss, strict=True)) == LOSSES
    assert list(phase.val_accuracy) == [1 - loss / 2 for _, loss in LOSSES]
    assert set(phase.rate) == {1e-4}


def test_numbered_phases_are_phases_of_the_training(tmp_path):
    rows = [f"{epoch},{phase},1.{epoch},1.{epoch}" for phase in (1, 2) for epoch in range(3)]
    (tmp_path / "log.csv").write_text("\n".join(["epoch,phase,loss,val_loss", *rows]) + "\n")
    assert len(read_training_log(tmp_path / "log.csv").phases) == 2
