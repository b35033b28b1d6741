"""What ``ferspec edge`` is asked. Like the other requests, it loads nothing that the command does not need."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import model_validator

from ferspec.api.requests import LEAST_MARGIN, DatasetName, Name, Request, SplitName, TimeLimit, TrustCode
from ferspec.errors import UserError
from ferspec.options import Argument, Option
from ferspec.subjects.time_limit import OF_MODELS


class EdgeRequest(Request):
    """A model to convert, images to calibrate with, and images to test on."""

    verb: ClassVar[str] = "edge"

    model: Annotated[
        Name,
        Argument(
            "A model file or folder (.keras, .h5, SavedModel, .tflite, .onnx, .pt2, TorchScript, PyTorch weights, "
            "Hugging Face), the folder of a finished training, or [bold]demo[/bold].",
            "MODEL",
        ),
    ]
    calibration: Annotated[
        Name | None,
        Option(
            "Pictures like those that the model will see, none of them from the dataset; no labels needed.",
            metavar="DIR",
        ),
    ] = None
    dataset: DatasetName = None
    split: SplitName = None
    contract: Annotated[Name | None, Option("The contract of the model.", ("--contract", "-c"), "FILE")] = None
    max_drop: Annotated[
        float, Option("The drop of accuracy that would be too much: 0.01 for 1 point.", metavar="SHARE")
    ] = 0.01
    trust_code: TrustCode = False
    time_limit: TimeLimit = OF_MODELS

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not LEAST_MARGIN <= self.max_drop < 1:
            raise UserError(
                f"max drop {self.max_drop:g}: give a share between {LEAST_MARGIN:g} and 1, as 0.01 for 1 point"
            )
        if None not in (self.calibration, self.dataset) and self.calibration == self.dataset:
            raise UserError(f"{self.dataset} is given to calibrate with and to test on: give two sets")
        return self
