"""Logs of one training as different trainers write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ferspec.subjects.runs.logs.phases import LoggedPhase

Row = dict[str, Any]
METRICS = {"loss": "loss", "accuracy": "accuracy", "val_loss": "val_loss", "val_accuracy": "val_accuracy", "lr": "rate"}


def rows_of(phase: LoggedPhase) -> list[Row]:
    """Return the epochs of a phase by Keras' names; an epoch counts from 0 in each phase."""
    logged = {name: getattr(phase, field) for name, field in METRICS.items() if getattr(phase, field) is not None}
    return [{"epoch": place, **{name: values[place] for name, values in logged.items()}} for place in range(len(phase))]


def table(rows: Sequence[Row], names: Mapping[str, str], separator: str = ",") -> str:
    """Return rows with renamed columns; those without a new name are left out, and missing cells are empty."""
    columns = [name for name in names if any(name in row for row in rows)]
    lines = [[names[name] for name in columns]]
    lines += [[repr(row[name]) if name in row else "" for name in columns] for row in rows]
    return "".join(separator.join(line) + "\n" for line in lines)


def renamed(names: Mapping[str, str], first: int = 0, percent: bool = False, separator: str = ",") -> Form:
    """Return the form of a table with these names; ``first`` is the number of its first epoch."""

    def form(phases: Sequence[LoggedPhase]) -> str:
        rows = [row | {"epoch": row["epoch"] + first} for phase in phases for row in rows_of(phase)]
        if percent:
            rows = [row | {name: 100 * row[name] for name in row if "accuracy" in name} for row in rows]
        return table(rows, names, separator)

    return form


def numbered_on(phases: Sequence[LoggedPhase]) -> str:
    rows = [row for phase in phases for row in rows_of(phase)]
    return table([row | {"epoch": place} for place, row in enumerate(rows)], KERAS)


def lightning(phases: Sequence[LoggedPhase]) -> str:
    """A line for the rate, without an epoch, one for the validation, and one for the training."""
    names = {"epoch": "epoch", "lr": "lr-Adam", "step": "step", "accuracy": "train_acc", "loss": "train_loss_epoch"}
    return table(list(_in_pieces(phases)), names | {"val_accuracy": "val_acc", "val_loss": "val_loss"})


def _in_pieces(phases: Sequence[LoggedPhase]) -> Iterator[Row]:
    for phase in phases:
        for row in rows_of(phase):
            step = 167 * row["epoch"]
            if "lr" in row:
                yield {"step": step, "lr": row["lr"]}
            for part in ("val_", ""):
                figures = {name: row[name] for name in (f"{part}loss", f"{part}accuracy")}
                yield {"epoch": row["epoch"], "step": step + 166, **figures}


def hugging_face(phases: Sequence[LoggedPhase]) -> str:
    """Log twice in an epoch, evaluate at its end, and sum up."""
    history: list[Row] = []
    for phase in phases:
        for row in rows_of(phase):
            rate = {"learning_rate": row["lr"]} if "lr" in row else {}
            for epoch in (row["epoch"] + 0.5, row["epoch"] + 1.0):
                history.append({"epoch": epoch, "loss": row["loss"], **rate, "step": int(20 * epoch)})
            evaluated = {"eval_loss": row["val_loss"], "eval_accuracy": row["val_accuracy"]}
            history.append({"epoch": row["epoch"] + 1.0, **evaluated, "step": 20 * row["epoch"] + 20})
    history.append({"epoch": 1.0, "train_loss": 0.1, "train_runtime": 5.0, "step": 20})
    return json.dumps({"best_metric": None, "epoch": 3.0, "log_history": history, "max_steps": 5})


def keras_history(phases: Sequence[LoggedPhase]) -> str:
    histories = [_columns(rows_of(phase)) for phase in phases]
    return json.dumps(histories[0] if len(histories) == 1 else {f"phase {n}": one for n, one in enumerate(histories)})


def _columns(rows: Sequence[Row]) -> dict[str, list[float]]:
    return {name: [row[name] for row in rows] for name in rows[0] if name != "epoch"}


def json_lines(phases: Sequence[LoggedPhase]) -> str:
    rows = (row for phase in phases for row in rows_of(phase))
    return "".join(
        json.dumps({f"train_{name}" if name == "lr" else name: row[name] for name in row}) + "\n" for row in rows
    )


def console(phases: Sequence[LoggedPhase]) -> str:
    """What Keras prints, with more digits than it does; the bar of the last epoch but one was drawn twice."""
    text = ""
    for phase in phases:
        for row in rows_of(phase):
            figures = " - ".join(f"{name}: {value!r}" for name, value in row.items() if name != "epoch")
            text += f"Epoch {row['epoch'] + 1}/{len(phase)}\n"
            text += f"\x1b[1m 1/9\x1b[0m ━ 1s 9ms/step - loss: 9.9999\r\x1b[1m9/9\x1b[0m ━━ 2s 9ms/step - {figures}\n"
    return text


def printed(phases: Sequence[LoggedPhase]) -> str:
    """What a loop of PyTorch prints: batches, a line for the training, and one for the validation with percent."""
    text = "loading 28,709 images: lr = 9\n"
    for phase in phases:
        for row in rows_of(phase):
            text += f"Epoch [{row['epoch'] + 1}/{len(phase)}] batch 100/448, Loss: 9.9\n"
            rate = f", LR: {row['lr']!r}" if "lr" in row else ""
            text += f"Epoch [{row['epoch'] + 1}/{len(phase)}], Train Loss: {row['loss']!r}{rate}\n"
            text += f"    val_loss = {row['val_loss']!r} | val_acc = {100 * row['val_accuracy']!r}%\n"
    return text


Form = Callable[[Sequence[LoggedPhase]], str]
KERAS = {name: name for name in ("epoch", "accuracy", "loss", "lr", "val_accuracy", "val_loss")}
FORMS: dict[str, Form] = {
    "keras.csv": renamed(KERAS),
    "semicolons.csv": renamed(KERAS, separator=";"),
    "tabs.tsv": renamed(KERAS, separator="\t"),
    "from_1.csv": renamed(KERAS, first=1),
    "pandas.csv": renamed({"epoch": "", **{name: name for name in METRICS}}),
    "loop.txt": printed,
    "capitals.csv": renamed(
        {
            "epoch": "Epoch",
            "loss": "Train Loss",
            "accuracy": "Train Acc",
            "val_loss": "Val Loss",
            "val_accuracy": "Val Acc",
        }
        | {"lr": "LR"},
        first=1,
    ),
    "timm.csv": renamed(
        {"epoch": "epoch", "loss": "train_loss", "val_loss": "eval_loss", "val_accuracy": "eval_top1", "lr": "lr"},
        percent=True,
    ),
    "fastai.csv": renamed(
        {"epoch": "epoch", "loss": "train_loss", "val_loss": "valid_loss", "val_accuracy": "accuracy", "lr": "lr"}
    ),
    "ultralytics.csv": renamed(
        {"epoch": "  epoch", "loss": "  train/loss", "val_accuracy": "metrics/accuracy_top1", "val_loss": "  val/loss"}
        | {"lr": "  lr/pg0"},
        first=1,
    ),
    "wandb.csv": renamed(
        {"epoch": "epoch/epoch", "loss": "epoch/loss", "accuracy": "epoch/accuracy", "val_loss": "epoch/val_loss"}
        | {"val_accuracy": "epoch/val_accuracy", "lr": "epoch/learning_rate"}
    ),
    "raw.csv": renamed(
        {"epoch": "epoch", "loss": "train_loss", "val_loss": "val_raw_loss", "val_accuracy": "val_raw_accuracy"}
        | {"lr": "learning_rate"}
    ),
    "metrics.csv": lightning,
    "trainer_state.json": hugging_face,
    "history.json": keras_history,
    "log.jsonl": json_lines,
    "console.txt": console,
}
