"""The changes of the spec mutation test: each replaces one value by another valid one."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

# what a word becomes; of a selection such as "dataset=rafdb resolution=48" the first word that stands here
OTHER_WORDS = {
    "adam": "adamw",
    "val_loss": "val_accuracy",
    "val_accuracy": "val_f1",
    "btfer_accuracy": "btfer_f1",
    "max": "min",
    "floor": "ceil",
    "categorical_crossentropy": "kl_divergence",
    "relu": "elu",
    "softmax": "sigmoid",
    "base": "head",
    "nearest": "bilinear",
    "x / 255": "of each base",
    "of each base": "x / 255",
    "share of each class": "published parts",
    "published parts": "share of each class",
    "dropped": "kept",
    "kept": "dropped",
    "valid": "same",
    "same": "valid",
    "Flatten": "GlobalAveragePooling2D",
    "GlobalAveragePooling2D": "Flatten",
    "higher is better": "lower is better",
    "difference": "contrast",
    "contrast": "difference",
    "leading": "reaching",
    "reaching": "leading",
    "network": "pair",
    "pair": "network",
    "RAF-DB": "BTFER",
    "FER2013": "BTFER",
    "AffectNet": "RAF-DB",
    "simple": "conservative",
    "conservative": "simple",
    "imagenet": "scratch",
    "vggface": "imagenet",
    "scratch": "imagenet",
    "rgb": "gray",
    "gray": "rgb",
    "rafdb": "fer2013",
    "fer2013": "affectnet",
    "affectnet": "rafdb",
    "vgg16": "resnet50",
    "resnet18": "resnet50",
    "resnet50": "resnet18",
    "48": "224",
    "224": "48",
    "Conv2D": "Dense",
    "MaxPooling2D": "AveragePooling2D",
    "AveragePooling2D": "MaxPooling2D",
    "Dropout": "Activation",
    "Dense": "Conv2D",
    "BatchNormalization": "LayerNormalization",
    "LayerNormalization": "BatchNormalization",
    "Activation": "ReLU",
    "ReLU": "Dropout",
    "Add": "Average",
    "Average": "Add",
    "linear": "relu",
    "keras": "public",
    "public": "keras",
    "self-designed": "keras",
    "ERR-03": "ERR-29",
    "ERR-31": "ERR-30",
}
# where the other word above is of no use
OTHERS_OF = {("FER-A-07", "fill"): "reflect", ("FER-S-06", "monitor"): "val_loss"}
# lists of numbers of which some may be missing; of the first two, code reads the first number by itself
LISTS = {"initial_rates", "frozen_epochs", "batch_sizes"}
# how many bases of libraries are changed
SAMPLE = 3
# text for people, and what only names an entry
TEXT = {
    "id",
    "title",
    "titles",
    "text",
    "source",
    "place",
    "status",
    "reason",
    "data",
    "notes",
    "name",
    "clause",
    "why",
}


@dataclass(frozen=True)
class Change:
    """A change of one value: of what, in which file, and the file's new content."""

    id: str
    file: str
    content: str
    clauses: tuple[str, ...] = ()


def changes(data: Path) -> Iterator[Change]:
    """Yield every change, in the order of the files."""
    for path in sorted((data / "clauses").glob("*.toml")):
        yield from _of_toml(data, path, _clause_values)
    yield from _of_toml(data, data / "classes.toml", _class_values)
    yield from _of_toml(data, data / "datasets.toml", _entries("dataset", ("FER-D-01",)))
    yield from _of_toml(data, data / "errata.toml", _errata_values)
    yield from _of_toml(data, data / "networks.toml", _entries("network", ()))
    yield from _of_toml(data, data / "networks" / "bases.toml", _entries("base", ("FER-N-02",), SAMPLE))
    yield from _of_grid(data)
    for path in sorted((data / "networks").glob("*.csv")):
        yield from _of_layers(data, path)


Place = tuple[Any, ...]
Values = Iterator[tuple[str, Place, Any, tuple[str, ...]]]


def _of_toml(data: Path, path: Path, values_of: Callable[[dict[str, Any]], Values]) -> Iterator[Change]:
    text = path.read_text(encoding="utf-8")
    for id, place, other, clauses in values_of(tomllib.loads(text)):
        document = tomllib.loads(text)
        *outer, last = place
        table = document
        for key in outer:
            table = table[key]
        table[last] = other
        yield Change(id, path.relative_to(data).as_posix(), tomli_w.dumps(document), clauses)


def _clause_values(document: dict[str, Any]) -> Values:
    kinds = set()
    for number, clause in enumerate(document["clause"]):
        tables = {"values": clause.get("values", {})}
        tables |= {f"profiles.{name}": values for name, values in clause.get("profiles", {}).items()}
        for table, values in tables.items():
            for name, value in values.items():
                # a finding of one kind lacks the values of any other, so one of each kind is enough
                if name == "kind" and value in kinds:
                    continue
                if name == "kind":
                    kinds.add(value)
                place = ("clause", number, *table.split("."), name)
                known = OTHERS_OF.get((clause["id"], name))
                rearranged = _rearranged(value) if name in LISTS else ()
                for part, other in [("", known)] if known else (*others(value), *rearranged):
                    yield f"{clause['id']} {table} {name}{part}", place, other, (clause["id"],)


def _class_values(document: dict[str, Any]) -> Values:
    about = ("FER-C-01", "FER-C-02", "FER-C-03")
    for part, other in _exchanged(document["classes"]):
        yield f"classes{part}", ("classes",), other, about
    for name, aliases in document["aliases"].items():
        for number, alias in enumerate(aliases):
            yield f"alias {alias}", ("aliases", name, number), f"{alias}x", about
    for name in document["outside"]:
        kept = {(f"{key}x" if key == name else key): value for key, value in document["outside"].items()}
        yield f"outside {name}", ("outside",), kept, about
    for name, order in document["label_orders"].items():
        yield f"label order of {name}: first", ("label_orders", name, "first"), order["first"] + 1, about
        for part, other in _exchanged(order["classes"]):
            yield f"label order of {name}{part}", ("label_orders", name, "classes"), other, about


def _entries(key: str, clauses: tuple[str, ...], most: int | None = None) -> Callable[[dict[str, Any]], Values]:
    """Return the values of all entries of a file, or of the first ``most``."""

    def values(document: dict[str, Any]) -> Values:
        for number, entry in enumerate(document[key][:most]):
            for name, value in entry.items():
                if name not in TEXT and name not in {"printed_millions", "network"}:
                    for part, other in others(value):
                        called = entry.get("name", f"base {number + 1}")
                        yield f"{called} {name}{part}", (key, number, name), other, clauses

    return values


def _errata_values(document: dict[str, Any]) -> Values:
    for number, erratum in enumerate(document["erratum"]):
        for name in ("cells", "networks"):
            for item in erratum.get(name, ()):
                without = [other for other in erratum[name] if other != item]
                yield f"{erratum['id']} {name} without {item}", ("erratum", number, name), without, ()
        # of two readings, each profile must have one
        if "profile" in erratum["readings"][0]:
            place = ("erratum", number, "readings", 0, "profile")
            yield f"{erratum['id']} profile of the first reading", place, "paper", ()
        if "cells_where" in erratum:
            other = "near" if erratum["cells_where"] == "differ" else "differ"
            yield f"{erratum['id']} cells_where", ("erratum", number, "cells_where"), other, ()


def others(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield other values, and which part of it is another: a list or table is changed in one part at a time."""
    if isinstance(value, bool):
        yield "", not value
    elif isinstance(value, int):
        yield "", value + 1 if value < 20 else value + value // 10
    elif isinstance(value, float):
        yield "", value / 2 if value else 0.01
    elif isinstance(value, str):
        yield "", _other_text(value)
    elif isinstance(value, list) and any(isinstance(part, str) for part in value):
        yield from _shortened(value) if len(value) > 2 else _replaced(value)
    elif isinstance(value, list):
        yield from _replaced(value)
    else:
        for key, part in value.items():
            for inner, other in others(part):
                yield f".{key}{inner}", {**value, key: other}


def _replaced(values: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    for place, value in enumerate(values):
        for inner, other in others(value):
            yield f"[{place}]{inner}", [*values[:place], other, *values[place + 1 :]]


def _shortened(values: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    for place, value in enumerate(values):
        yield f" without [{place}] {value}", [*values[:place], *values[place + 1 :]]


def _rearranged(values: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the list without each of its values, and with its first two exchanged."""
    if len(values) > 1:
        yield from _shortened(values)
        yield next(_exchanged(values))


def _exchanged(values: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    for place in range(len(values) - 1):
        first, second = values[place : place + 2]
        if first != second:
            yield f"[{place}] and [{place + 1}] exchanged", [*values[:place], second, first, *values[place + 2 :]]


def _other_text(value: str) -> str:
    if value in OTHER_WORDS:
        return OTHER_WORDS[value]
    for word in sorted(OTHER_WORDS, key=len, reverse=True):
        for before in ("=", ","):
            if f"{before}{word}" in value:
                return value.replace(f"{before}{word}", f"{before}{OTHER_WORDS[word]}", 1)
    raise LookupError(f"no other value is known for {value!r}: add one to OTHER_WORDS")


def _of_grid(data: Path) -> Iterator[Change]:
    """Yield a change of every column, in a row that has a value there and is not replicated."""
    path = data / "grid.csv"
    columns, *rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    chosen = [row for row in rows if row[columns.index("dataset")] == "RAF-DB"]
    for column, name in enumerate(columns):
        row = next(row for row in chosen if row[column])
        other = _other_cell(name, row[column])
        changed = [[*row[:column], other, *row[column + 1 :]] if each is row else each for each in rows]
        yield Change(f"grid {name} of row {rows.index(row) + 1}", "grid.csv", _csv([columns, *changed]))
    yield Change("grid without its last row", "grid.csv", _csv([columns, *rows[:-1]]), ("FER-G-01",))


def _other_cell(name: str, value: str) -> str:
    if name == "architecture":
        return "Xception"
    if name.endswith("_n"):
        return str(int(value) - 32)
    try:
        return f"{float(value) - 0.2:.2f}" if name.startswith(("printed", "released")) else OTHER_WORDS[value]
    except ValueError:
        return OTHER_WORDS[value]


def _of_layers(data: Path, path: Path) -> Iterator[Change]:
    """Yield changes of the first row of each type: its type, each of its settings, and its absence.

    What a layer reads is changed in the first rows that name one layer, or several.
    """
    columns, *rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    first = {(row[1], row[5]): number for number, row in reversed(list(enumerate(rows)))}
    for (kind, _), number in sorted(first.items(), key=lambda entry: entry[1]):
        for what, other in _other_rows(rows[number]):
            content = _csv([columns, *rows[:number], *([other] if other else []), *rows[number + 1 :]])
            yield Change(f"{path.stem} row {number + 1} {kind} {what}", f"networks/{path.name}", content, ("FER-N-02",))
    reading = {min(len(set(row[2].split())), 2): number for number, row in reversed(list(enumerate(rows))) if row[2]}
    for number in reading.values():
        label, kind, inputs, *others = rows[number]
        names = inputs.split()
        # another layer: the row before, or the first one in place of the last
        other = " ".join((*names[:-1], names[0])) if len(set(names)) > 1 else ""
        content = _csv([columns, *rows[:number], [label, kind, other, *others], *rows[number + 1 :]])
        yield Change(f"{path.stem} row {number + 1} {kind} inputs", f"networks/{path.name}", content, ("FER-N-02",))


def _other_rows(row: list[str]) -> Iterator[tuple[str, list[str] | None]]:
    label, kind, inputs, settings, stated, only = row
    listed = settings.split()
    for place, setting in enumerate(listed):
        name, _, value = setting.partition("=")
        if "{" not in value:
            other = " ".join([*listed[:place], f"{name}={_other_setting(value)}", *listed[place + 1 :]])
            yield name, [label, kind, inputs, other, stated, only]
    for name in stated.split():
        yield f"{name} not stated", [label, kind, inputs, settings, " ".join(set(stated.split()) - {name}), only]
    if only:
        yield (
            "for the others alone",
            [label, kind, inputs, settings, stated, {**OTHER_WORDS, "released": "paper", "paper": "released"}[only]],
        )
    if kind in {"MaxPooling2D", "ReLU", "BatchNormalization", "Add", "Average"} and not stated:
        yield "of another type", [label, OTHER_WORDS[kind], inputs, settings, stated, only]
    if not label and kind != "InputLayer":
        yield "left out", None


def _other_setting(value: str) -> str:
    if value in OTHER_WORDS:
        return OTHER_WORDS[value]
    if value in {"yes", "no"}:
        return {"yes": "no", "no": "yes"}[value]
    if value == "all":
        return "2"
    if "/" in value:
        return "1/127"
    return str(float(value) / 2) if "." in value else str(int(value) + 1)


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
