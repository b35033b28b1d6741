"""What the graph of a model file consists of: its operators, the types of its values, and the memory they need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from ferspec.records import Record
from ferspec.subjects.models.cost import Counted
from ferspec.subjects.sandbox.messages import plain_text

MOST_NAMES = 1000
Name = Annotated[str, Field(max_length=200)]


class Content(Record):
    """Hold what a graph consists of, as its file says.

    ``operators`` counts each kind of operator; one that the runtime does not have is named ``CUSTOM:name``.
    ``types`` are those of stored and computed values. ``hybrid`` operators take values and weights of different types.
    ``least_memory`` is in bytes: the values that one operator reads and writes for one image, where they are the most.
    No runtime needs less. None is unknown.
    """

    operators: dict[Name, Counted] = Field(max_length=MOST_NAMES)
    types: tuple[Name, ...] = Field(default=(), max_length=MOST_NAMES)
    hybrid: tuple[Name, ...] = Field(default=(), max_length=MOST_NAMES)
    least_memory: Counted = None

    @property
    def custom(self) -> tuple[str, ...]:
        """The operators that the runtime of the format does not have."""
        return tuple(name for name in self.operators if name.startswith(CUSTOM))

    def plain(self) -> Content:
        """Return the same with printable names only."""
        operators: Mapping[str, int | None] = {plain_text(name): count for name, count in self.operators.items()}
        names = {key: tuple(map(plain_text, getattr(self, key))) for key in ("types", "hybrid")}
        return self.model_copy(update={"operators": operators, **names})


CUSTOM = "CUSTOM:"
