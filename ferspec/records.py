"""The base of all records."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# a float holds counts up to 2**53 exactly, so that differences of counts are exact
Count = Annotated[int, Field(ge=0, le=2**53)]


class Record(BaseModel):
    """A frozen record that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def is_none(value: object) -> bool:
    """Return whether a field is left out of a document.

    Documents written before the field existed thus stay the same.
    """
    return value is None
