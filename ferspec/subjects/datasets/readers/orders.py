"""Decide the order of numbered classes: the one that counts prove, else a declared one, else the only common one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ferspec import spec
from ferspec.errors import UserError, one_line
from ferspec.files import parse_json
from ferspec.spec.names import LabelOrder, plain_name
from ferspec.subjects.datasets.forms import table
from ferspec.subjects.datasets.published_counts import published_as
from ferspec.subjects.datasets.readers.listing import Choice
from ferspec.subjects.datasets.readers.trees import Tree

# what trainers and people call the list of the classes beside numbered folders
DECLARED = re.compile(r"(classes|class_?names|class_?indices|labels?|label_?names|label_?map|names)\.(txt|json)", re.I)
DECLARED_YAML = re.compile(r"(data|dataset|classes)\.ya?ml", re.I)
LARGEST = 64 << 10
LONGEST_NAME = 100
LINE = re.compile(r"(?P<number>\d+)[\s,:;=.\-]+(?P<name>.*)|(?P<first>[^\d]*?)[\s,:;=]+(?P<last>\d+)")
PROTOCOL = "protocol"
# RAF-DB's faces have names of their own; other datasets are known by a folder, this near
RAFDB_FACE = re.compile(r"(train|test)_\d+(_aligned)?\.\w+")
NEAR = 4


def decide_order(
    place: Path, counts: Mapping[int, int], dataset: str | None = None, declared: LabelOrder | None = None
) -> tuple[LabelOrder, Choice]:
    """Return the order of numbered classes, and why it was taken.

    ``counts`` are the images of each number. An order is proven by counts that are those of Table 1 under it alone.
    Raise ``UserError`` with the candidates if several orders are common for these numbers, or none is.
    """
    if (proven := proven_order(counts, dataset)) is not None:
        return proven
    candidates = _candidates(counts, dataset)
    if declared is not None:
        missing = [number for number in counts if not _has(declared, number)]
        if missing:
            raise UserError(f"{place}: {declared.place} does not name the class of {_numbers(missing)}")
        return declared, _choice(declared.place, declared, counts, "declared")
    if len({_meaning(order, counts) for order in candidates.values()}) == 1:
        name, order = next(iter(candidates.items()))
        reason = f"the only common order of {_numbers(counts)}" + (f" for {dataset}" if dataset else "")
        return order, _choice(name, order, counts, reason)
    remedy = "write the class of each number into classes.txt there, a line for each, such as '0 Angry'"
    if not candidates:
        raise UserError(f"{place}: classes are numbered {_numbers(counts)}, in no known order: {remedy}")
    names: dict[str, str] = {}
    for name, order in candidates.items():
        names.setdefault(_meanings(order, counts), name)
    listed = "; ".join(f"{name} ({meanings})" for meanings, name in names.items())
    raise UserError(
        f"{place}: classes are numbered {_numbers(counts)}, which has several common meanings: {listed}: {remedy}"
    )


def proven_order(counts: Mapping[int, int], dataset: str | None = None) -> tuple[LabelOrder, Choice] | None:
    """Return the only order under which these counts are those of Table 1, or None."""
    candidates = _candidates(counts, dataset)
    proven = {name: found for name, order in candidates.items() if (found := _published_as(order, counts, dataset))}
    if len({_meaning(candidates[name], counts) for name in proven}) != 1:
        return None
    name, found = next(iter(proven.items()))
    return candidates[name], _choice(name, candidates[name], counts, f"the counts are those of {found} in Table 1")


def named_dataset(place: Path, folders: Iterable[str] = (), images: Iterable[str] = ()) -> str | None:
    """Return the dataset that the names of images or of folders near ``place`` imply."""
    if (listed := list(images)) and all(map(RAFDB_FACE.fullmatch, listed)):
        return "RAF-DB"
    names = {*place.resolve().parts[-NEAR:], *folders}
    datasets = spec.load().label_orders.keys() - {PROTOCOL}
    found = {dataset for dataset in datasets for name in names if plain_name(name).startswith(plain_name(dataset))}
    return found.pop() if len(found) == 1 else None


def declared_order(
    tree: Tree, folder: PurePosixPath, names: Iterable[str], numbers: Iterable[int]
) -> LabelOrder | None:
    """Return the order that a file such as ``classes.txt`` or ``data.yaml`` declares, or None.

    ``names`` are the files in ``folder``. Lines may begin or end with a number; without numbers they count from the
    first of ``numbers``. Raise ``UserError`` for a file that does not name known classes.
    """
    for name in sorted(names):
        if not DECLARED.fullmatch(name) and not DECLARED_YAML.fullmatch(name):
            continue
        path = folder / name
        content = tree.read(path, LARGEST, "a list of classes")
        try:
            meanings = _declared(name, content, min(numbers, default=0))
            order = _ordered(meanings, name)
        except (UserError, ValueError) as error:
            if name.lower().endswith(("yml", "yaml")) and "names" not in str(error):
                continue
            raise UserError(f"{tree.place / path}: {error}") from None
        if order is not None:
            return order
    return None


def _candidates(counts: Mapping[int, int], dataset: str | None) -> dict[str, LabelOrder]:
    """Return the common orders that have all these numbers, and if possible no others."""
    common = {name: order for name, order in _common(dataset) if all(_has(order, number) for number in counts)}
    # numbers without images may still be those of classes, if no order has exactly these
    return {name: order for name, order in common.items() if _is_complete(order, counts)} or common


def _common(dataset: str | None) -> Iterator[tuple[str, LabelOrder]]:
    """Yield the common orders of a dataset's numbers, or of those of any."""
    for name, order in spec.load().label_orders.items():
        if name == PROTOCOL or dataset in (None, name):
            yield "alphabetical, as in the protocol" if name == PROTOCOL else f"{name}'s own", order
    for common in table().order:
        if not common.datasets or dataset is None or dataset in common.datasets:
            yield common.name, common.labels()


def _has(order: LabelOrder, number: int) -> bool:
    return order.first <= number < order.first + len(order.classes)


def _is_complete(order: LabelOrder, counts: Mapping[int, int]) -> bool:
    """Return whether every class of an order inside the seven has images."""
    absent = (name for number, name in enumerate(order.classes, order.first) if number not in counts)
    return all(plain_name(name) in spec.load().outside for name in absent)


def _published_as(order: LabelOrder, counts: Mapping[int, int], dataset: str | None) -> str | None:
    """Return the dataset of Table 1, or its split, that has these counts; balanced ones prove nothing."""
    known = spec.load()
    found = dict.fromkeys(known.classes, 0)
    for number, count in counts.items():
        if (name := order.class_of(number)) in found:
            found[name] += count
    numbers = tuple(found.values())
    return None if len(set(numbers)) == 1 else published_as(numbers, dataset)


def _meaning(order: LabelOrder, counts: Mapping[int, int]) -> tuple[str, ...]:
    return tuple(order.class_of(number) for number in sorted(counts))


def _meanings(order: LabelOrder, counts: Iterable[int]) -> str:
    return ", ".join(f"{number} {order.class_of(number)}" for number in sorted(counts))


def _choice(name: str, order: LabelOrder, counts: Mapping[int, int], reason: str) -> Choice:
    return Choice(f"{name}: {_meanings(order, counts)}", reason)


def _numbers(counts: Iterable[int]) -> str:
    numbers = sorted(counts)
    whole = numbers == list(range(numbers[0], numbers[-1] + 1)) and len(numbers) > 2
    return f"{numbers[0]} to {numbers[-1]}" if whole else ", ".join(map(str, numbers))


def _declared(name: str, content: bytes, first: int) -> dict[int, str]:
    """Return the name of each number in a declaration."""
    if name.lower().endswith(".txt"):
        lines = [line.strip() for line in content.decode("utf-8-sig").splitlines() if line.strip()]
        return _numbered_lines(lines, first)
    document = parse_json(content) if name.lower().endswith(".json") else _yaml(content)
    if isinstance(document, dict) and isinstance(document.get("names"), dict | list):
        document = document["names"]
    if isinstance(document, list) and _are_plain(document):
        return dict(enumerate(map(str, document)))
    if isinstance(document, dict) and _are_plain(document.values()):
        pairs = [(str(key), str(value)) for key, value in document.items()]
        if all(key.isdecimal() for key, _ in pairs):
            return {int(key): value for key, value in pairs}
        if all(value.isdecimal() for _, value in pairs):
            return {int(value): key for key, value in pairs}
    raise ValueError("does not hold the names of classes by their numbers")


def _are_plain(values: Iterable[object]) -> bool:
    """Return whether all values are text or numbers; aliases of YAML can nest others without end."""
    return all(isinstance(value, str | int) for value in values)


def _yaml(content: bytes) -> Any:
    import yaml

    try:
        return yaml.safe_load(content)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"not YAML ({one_line(error)})") from None


def _numbered_lines(lines: Sequence[str], first: int) -> dict[int, str]:
    if not any(any(letter.isdecimal() for letter in line) for line in lines):
        return dict(enumerate(lines, first))
    meanings = {}
    for line in lines:
        match = LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{line[:40]!r} is not a number and a class")
        meanings[int(match["number"] or match["last"])] = match["name"] or match["first"]
    return meanings


def _ordered(meanings: Mapping[int, str], source: str) -> LabelOrder | None:
    """Return the meanings as an order, whose numbers follow each other, with the canonical names."""
    known = spec.load()
    numbers = sorted(meanings)
    if not numbers or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return None
    names = []
    for number in numbers:
        if len(meanings[number]) > LONGEST_NAME:
            raise ValueError(f"{meanings[number][:LONGEST_NAME]}… is not a class")
        index = known.column_class(meanings[number])
        names.append(known.classes[index] if index is not None else meanings[number])
    return LabelOrder(first=numbers[0], classes=tuple(names), place=source)
