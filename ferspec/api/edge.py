"""Converts a model for small devices, and measures what that changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import PrivateAttr

from ferspec.api.certify import require_evaluable, require_unchanged
from ferspec.api.conversion import EdgeRequest
from ferspec.api.results.base import Result
from ferspec.edge.calibration import Calibrating, decided, demo_calibration, kept_apart, open_calibration
from ferspec.edge.conversion.writing import convert as convert_files
from ferspec.edge.document import EdgeFile, EdgeReport, Original
from ferspec.edge.measurement.file import Bench, measured_file, timed
from ferspec.edge.records import Conversion
from ferspec.edge.written import Temporary, write_files
from ferspec.environment import environment
from ferspec.errors import SubjectError, UserError
from ferspec.grid.cells import find_cell
from ferspec.progress import Progress, silent, tell
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.intervals import proportion
from ferspec.required import required
from ferspec.subjects.certificates.build import dataset_info, subject_info
from ferspec.subjects.datasets.decided import decided as decided_images
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.callables.reference import is_callable_reference
from ferspec.subjects.models.from_names import DEMO, find_contract, open_images, open_subject, require_names
from ferspec.subjects.models.predictions import is_predictions_file
from ferspec.subjects.models.subject import ModelSubject
from ferspec.subjects.runs.artifacts.record import MODEL, is_run, read_run, require_artifact
from ferspec.subjects.runs.data.decided import trained_on
from ferspec.subjects.time_limit import OF_MODELS
from ferspec.synthetic.demo import demo_model_path

if TYPE_CHECKING:
    import pandas as pd


class EdgeConversion(Result, EdgeReport):
    """Converted files, with what was measured of each. They are in a temporary folder until ``write``."""

    stem: ClassVar[str] = "edge"

    _folder: Temporary | None = PrivateAttr(default=None)

    def summary(self) -> str:
        """Return how many files were made, and the verdict."""
        words = {"pass": "none inferior", "fail": "one is inferior", "inconclusive": "one is undecided"}
        return (
            f"conversion of {self.original.model.name} to {len(self.converted)} of {len(self.files)} formats, "
            f"n = {self.dataset.n:,}: {words[self.verdict]}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row per format: its size, agreement, changes with intervals, verdict, latency and memory."""
        import pandas as pd

        return pd.DataFrame([_row(file) for file in self.files])

    def to_json(self) -> str:
        """Return the document that ``ferspec edge --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return a page with the verdicts, the plots and the measurements."""
        from ferspec.report.edge.page import render_edge

        return render_edge(self)

    def _write(self, folder: Path) -> None:
        texts = {f"{self.stem}.json": self.to_json() + "\n", f"{self.stem}.html": self.page()}
        write_files(None if self._folder is None else self._folder.path, texts, folder)


def convert(
    model: str | Path,
    calibration: str | Path | None = None,
    dataset: str | Path | None = None,
    max_drop: float = 0.01,
    contract: str | Path | None = None,
    split: str | None = None,
    trust_code: bool = False,
    time_limit: float = OF_MODELS,
    progress: Progress = silent,
) -> EdgeConversion:
    """Convert a model for small devices, and measure each file: ``ferspec edge``.

    ``calibration`` is a folder of pictures like those that the model will see, none of them from the test set
    ``dataset``. ``max_drop`` is the drop of accuracy that would be too much, a share: for each file it is decided
    whether it is inferior by that. The result's ``write`` writes the files, each with its contract. ``UserError`` for a
    model that cannot be evaluated or converted, and for calibration pictures that are test images.
    """
    request = EdgeRequest(
        model=model,
        calibration=calibration,
        dataset=dataset,
        split=split,
        contract=contract,
        max_drop=max_drop,
        trust_code=trust_code,
        time_limit=time_limit,
    )
    return edge_request(request, progress)


def edge_request(
    request: EdgeRequest, progress: Progress = silent, approve: Callable[[str], None] = lambda digest: None
) -> EdgeConversion:
    """Convert and measure the model of a request.

    ``approve`` may refuse the digest of the model, by raising ``UserError``, before any long work.
    """
    path = _model_path(request.model)
    require_names(request.model, request.contract)
    contract = find_contract(request.model, request.contract)
    images = open_images(request.model, request.dataset, progress=progress, split=request.split)
    calibrating = _calibrating(request, images, progress)
    tell(progress, (*decided_images(images), *trained_on(request.model, images.entries)))
    tell(progress, decided(calibrating.about))
    subject = open_subject(request.model, images, request.contract, request.trust_code, request.time_limit, progress)
    approve(subject.source.digest)
    require_evaluable(subject)
    bench = Bench(
        images=images,
        predicted=subject.predicted,
        max_drop=request.max_drop,
        require=require_evaluable,
        seconds=request.time_limit,
        progress=progress,
    )
    original = _original(subject, request, bench)
    folder = Temporary()
    conversions = convert_files(
        path,
        contract,
        folder.path,
        (calibrating.prepared(contract.input),),
        trust_code=request.trust_code,
        progress=progress,
    )
    require_unchanged(subject)
    required(subject.model).close()
    _require_one(conversions, request.model)
    files = []
    for number, conversion in enumerate(conversions):
        progress("measuring", number, len(conversions))
        files.append(measured_file(conversion, bench))
    progress("measuring", len(conversions), len(conversions))
    surroundings = environment({})
    found = EdgeConversion(
        device=surroundings.processor,
        max_drop=request.max_drop,
        original=original,
        dataset=dataset_info(images, images.manifest()),
        calibration=calibrating.about,
        files=tuple(files),
        cell=_cell(request.model),
        environment=surroundings,
    )
    found._folder = folder
    return found


def _model_path(model: str | Path) -> Path:
    """Return the file or folder of a model; ``UserError`` for what has none to convert."""
    if model == DEMO:
        return demo_model_path()
    if is_run(model):
        return require_artifact(model, read_run(model), MODEL)
    if is_predictions_file(model):
        raise UserError(f"{model} holds predictions: give the model that made them")
    if not Path(model).exists() and is_callable_reference(str(model)):
        raise UserError(f"{model} is code, which cannot be converted: save its network as a model file, and give that")
    return Path(model)


def _calibrating(request: EdgeRequest, images: Dataset, progress: Progress) -> Calibrating:
    reading = partial(progress, "reading calibration pictures")
    if request.calibration is not None:
        found = open_calibration(request.calibration, reading)
    elif images.synthetic:
        found = demo_calibration(reading)
    else:
        raise UserError("no calibration pictures: add --calibration DIR, pictures like those that the model will see")
    return kept_apart(found, images, progress)


def _original(subject: ModelSubject, request: EdgeRequest, bench: Bench) -> Original:
    right, level = int((subject.predicted == subject.labels).sum()), protocol_resampling().level
    try:
        speed = timed(request.model, required(subject.contract), bench, request.trust_code)
    except SubjectError:  # the original is only compared with: its own speed may stay unknown
        speed = None
    return Original(model=subject_info(subject), accuracy=proportion(right, len(subject.labels), level), speed=speed)


def _require_one(conversions: Sequence[Conversion], model: str | Path) -> None:
    """Raise ``UserError`` if no file was made, with the reason of each format."""
    if any(conversion.path is not None for conversion in conversions):
        return
    reasons = dict.fromkeys(f"{conversion.format}: {conversion.reason}" for conversion in conversions)
    raise UserError(f"{model} could not be converted to any format ({'; '.join(reasons)})")


def _cell(model: str | Path) -> str | None:
    """Return the cell of a trained model, if it is one of the published grid."""
    if model == DEMO or not is_run(model):
        return None
    try:
        return find_cell(read_run(model).cell).id
    except UserError:
        return None


def _row(file: EdgeFile) -> dict[str, object]:
    answers, speed = file.answers, file.speed
    row: dict[str, object] = {"format": file.format, "file": file.name, "verdict": file.verdict, "bytes": file.bytes}
    if answers is not None:
        row |= {"agreement": answers.agreement.value, "accuracy": answers.accuracy.value}
        for name, change in (("accuracy", answers.accuracy_change), ("macro_f1", answers.macro_f1_change)):
            row |= {f"{name}_change": change.value, f"{name}_low": change.low, f"{name}_high": change.high}
        row["images_to_decide"] = answers.decision.images_to_decide
    if speed is not None:
        for timing in speed.timings:
            row |= {f"ms_{timing.threads}": timing.median, f"ms_{timing.threads}_p95": timing.p95}
        row["peak_memory"] = speed.memory.peak
    return row | {"reason": file.reason or file.failed}
