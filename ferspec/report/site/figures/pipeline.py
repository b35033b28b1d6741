"""Figure 2: the steps of the protocol, with the values of the specification."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from ferspec import spec
from ferspec.records import Record
from ferspec.report.site.figures.drawn import Drawn, Table
from ferspec.spec.reading import SpecError, read_toml, to_record

STEPS = Path(__file__).parent / "pipeline.toml"
VALUE = re.compile(r"\{(FER-[A-Z]-\d+)\.(\w+)((?:\[\d+\])?(?::\w+)?)\}")
WIDTH, LINE, PADDING, GAP, ARROW = 360, 17, 12, 26, 5


class Step(Record):
    """One box: its title, and lines with values of the specification filled in."""

    title: str
    lines: tuple[str, ...]


def pipeline() -> Drawn:
    """Return the drawn steps."""
    found = steps()
    rows = tuple((number, step.title, "; ".join(step.lines)) for number, step in enumerate(found, start=1))
    return Drawn(Table(("step", "title", "what"), rows), svg=draw(found), svg_class="pipeline")


def steps() -> list[Step]:
    """Return the steps; ``SpecError`` where a text names an unknown value."""
    data = [to_record(Step, entry, STEPS.name, str(entry.get("title"))) for entry in read_toml(STEPS).get("step", ())]
    return [step.model_copy(update={"lines": tuple(map(_filled, step.lines))}) for step in data]


def draw(steps: Sequence[Step]) -> str:
    """Return steps as the text of an SVG: boxes from top to bottom, with arrows between them."""
    top, parts = 1.0, []
    for number, step in enumerate(steps):
        height = PADDING * 2 + LINE * (1 + len(step.lines)) - 3
        if number:
            tip = f"M{WIDTH / 2 - ARROW:g} {top - 8:g}L{WIDTH / 2:g} {top - 2:g}L{WIDTH / 2 + ARROW:g} {top - 8:g}"
            parts.append(f'<path class="arrow" d="M{WIDTH / 2:g} {top - GAP + 2:g}V{top - 2:g}{tip}"/>')
        parts.append(f'<rect class="box" x="1" y="{top:g}" width="{WIDTH - 2}" height="{height}" rx="8"/>')
        for place, text in enumerate((step.title, *step.lines)):
            style = "name" if place == 0 else "line"
            y = top + PADDING + LINE * place + 11
            parts.append(f'<text class="{style}" x="{WIDTH / 2:g}" y="{y:g}">{escape(text)}</text>')
        top += height + GAP
    label = escape("; ".join(f"{step.title}: {', '.join(step.lines)}" for step in steps), quote=True)
    box = f"0 0 {WIDTH} {top - GAP + 2:g}"
    return f'<svg class="steps" role="img" aria-label="{label}" viewBox="{box}" width="{WIDTH}">{"".join(parts)}</svg>'


def _filled(text: str) -> str:
    book = spec.load()
    known = {
        "{datasets}": ", ".join(book.texts("FER-G-02", "datasets")),
        "{networks}": str(book.integer("FER-N-01", "architectures")),
    }
    for name, value in known.items():
        text = text.replace(name, value)
    return VALUE.sub(_value, text)


def _value(found: re.Match[str]) -> str:
    clause, name, rest = found.groups()
    try:
        return f"{{0{rest}}}".format(spec.load().value(clause, name))
    except KeyError as error:
        raise SpecError(f"{STEPS.name}: {error.args[0]}") from None
