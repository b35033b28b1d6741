"""Define the contract: the declared input and output of a model."""

from typing import Any, Literal

from pydantic import Field, model_validator

from ferspec.records import Record, is_none
from ferspec.subjects.models.contracts.class_set import ClassSet


class Input(Record):
    """Describe the conversion of an image: colour, size, value range, mean and std, in order."""

    size: tuple[int, int] = Field(description="height and width in pixels")
    colour: Literal["rgb", "bgr", "gray"] = "rgb"
    channels: Literal[1, 3] = Field(default=3, description="1 for gray, otherwise 3; gray with 3 is repeated")
    range: tuple[float, float] = Field(default=(0.0, 1.0), description="where 0 and 255 are mapped to")
    mean: tuple[float, ...] | None = Field(default=None, description="subtracted after the range, per channel")
    std: tuple[float, ...] | None = Field(default=None, description="divided by after the mean, per channel")
    resize: Literal["nearest", "bilinear", "bicubic", "area", "lanczos"] = "bilinear"
    antialias: bool = Field(default=False, description="shrink as Pillow and torchvision do")
    layout: Literal["channels_last", "channels_first"] = "channels_last"
    batch: int | None = Field(
        default=None,
        exclude_if=is_none,
        ge=1,
        le=1024,
        description="images per batch, if the model accepts only one batch size",
    )

    @model_validator(mode="before")
    @classmethod
    def _gray_has_one_channel(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("colour") == "gray" and "channels" not in values:
            return {**values, "channels": 1}
        return values

    @model_validator(mode="after")
    def _colour_has_three_channels(self) -> "Input":
        if self.colour != "gray" and self.channels != 3:
            raise ValueError(f"colour {self.colour} has 3 channels, not {self.channels}")
        return self


class Output(ClassSet):
    """Describe the columns of the model's output."""

    kind: Literal["probabilities", "logits"] = "probabilities"
    name: str | None = Field(
        default=None, exclude_if=is_none, description="name of the output to judge, if there are several"
    )
    index: int | None = Field(
        default=None,
        exclude_if=is_none,
        ge=0,
        description="position of that output, counted from 0, instead of its name",
    )
    columns: tuple[int, int] | None = Field(
        default=None,
        exclude_if=is_none,
        description="position of the first class column, and of the column after the last",
    )

    @model_validator(mode="after")
    def _one_choice_of_columns(self) -> "Output":
        if self.name is not None and self.index is not None:
            raise ValueError("name and index both choose an output: give only one")
        if self.columns is not None and self.columns[1] - self.columns[0] != len(self.classes):
            raise ValueError(
                f"columns {list(self.columns)} must cover {len(self.classes)} columns, one for each name in classes"
            )
        if self.columns is not None and self.columns[0] < 0:
            raise ValueError(f"columns {list(self.columns)} must not be negative")
        return self


class Contract(Record):
    """Hold the declared input and output of a model."""

    architecture: str | None = Field(default=None, description="the network of a file that holds only weights")
    assumed: tuple[str, ...] = Field(default=(), description="entries that nobody confirmed, such as input.range")
    input: Input
    output: Output
