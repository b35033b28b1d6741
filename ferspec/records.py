"""What every record of ferspec is built on."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# how many of something: no more than a float holds exactly, so that differences of counts are numbers
Count = Annotated[int, Field(ge=0, le=2**53)]


class Record(BaseModel):
    """A frozen record that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
