"""Certifies a trained model: runs the checks on it, and returns the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ferspec.api.requests import CertifyRequest
from ferspec.api.results.certification import Certification
from ferspec.checks.generator import checks_for_model
from ferspec.checks.model.behaviour import ESSENTIAL
from ferspec.checks.model.diagnosis import diagnose as mistakes_of
from ferspec.checks.model.plan import Mode
from ferspec.checks.model.robustness.measure import cannot_be_asked, robustness_on
from ferspec.deviations import load_deviations
from ferspec.engine import Check, declared_for, judge, outcome_of, run_checks, selected
from ferspec.environment import Environment, environment
from ferspec.errors import SubjectError, UserError
from ferspec.outcomes import CheckResult, Deviation, Judgement, Outcome, Status
from ferspec.progress import Progress, silent, tell
from ferspec.report.shown import Shown
from ferspec.subjects.certificates.build import build_report
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.datasets.decided import decided
from ferspec.subjects.datasets.manifest import digest
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.claims import Claim, parse_claim, require_known_metrics
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.from_names import open_images, open_subject, require_names
from ferspec.subjects.models.lineage import History
from ferspec.subjects.models.predictions import is_predictions_file
from ferspec.subjects.models.sequential import ask_until_decided, error_of, require_shares
from ferspec.subjects.models.subject import ModelSubject
from ferspec.subjects.models.worker.settings import recorded_settings
from ferspec.subjects.runs.data.decided import trained_on
from ferspec.subjects.time_limit import OF_MODELS
from ferspec.use.assess import Declaration, declare
from ferspec.use.data import law

OBJECTS = (Contract, Mapping)
SEQUENTIAL_CLUSTERS = "the test of --sequential does not allow for clusters: leave out --sequential or --clusters"


def certify(
    model: object,
    dataset: object = None,
    contract: Contract | Mapping[str, Any] | str | Path | None = None,
    claims: Iterable[str] = (),
    deviations: str | Path | None = None,
    groups: str | Path | None = None,
    trust_code: bool = False,
    time_limit: float = OF_MODELS,
    images: bool = False,
    progress: Progress = silent,
    diagnose: Mode | None = None,
    split: str | None = None,
    sequential: bool = False,
    use: str | None = None,
    place: str | None = None,
    date: str | None = None,
    robustness: bool = False,
    clusters: str | Path | None = None,
    deidentify: bool = False,
) -> Certification:
    """Judge a trained model on a dataset and return the report; ``demo`` is the built-in example.

    ``model`` is a path, ``package.module:callable``, or an object: a Keras model, a PyTorch module, an ONNX Runtime
    session, an estimator with ``predict_proba``, a function, or a pandas frame of predictions. ``dataset`` is a path,
    ``(images, labels)``, a ``tf.data.Dataset`` or a torch ``Dataset``; ``split`` names the split of a path. Objects run
    in this process: the result is an evaluation (not isolated). ``contract`` is a file, a ``Contract`` or a mapping
    like its file.

    The report is a certificate only for a test set that is recognised as BTFER by its pictures. Otherwise it is an
    evaluation, and on synthetic faces a demonstration. ``claims`` are texts such as ``accuracy>=0.60``; ``time_limit``
    is in seconds for a batch. ``clusters`` is a CSV with a column for the image and one for its cluster, such as copies
    of a picture: intervals are widened for them, and values stay. With ``images``, the page shows thumbnails of the
    most confident mistakes, with ``deidentify`` as blocks that hide the face. ``diagnose`` is ``quick`` or ``full``, by
    default full for inputs up to 128 pixels. With ``sequential``, images are asked in random order until all claims,
    which must be about shares of images, are decided. ``use``, ``place`` and ``date`` declare a use of the model, which
    the page compares with data on law, and which changes no verdict. Nor does ``robustness``, which measures what
    changed images cost, with a run for every level. ``UserError`` for a model that cannot be evaluated: an unreadable
    file, a wrong number of output columns, NaN in the outputs. ``Unfinished`` for one that answers and then crashes,
    ends or breaks a limit.
    """
    if isinstance(model, str | Path) and isinstance(dataset, str | Path | None) and not isinstance(contract, OBJECTS):
        request = CertifyRequest(
            model=model,
            dataset=dataset,
            split=split,
            contract=contract,
            groups=groups,
            clusters=clusters,
            deviations=deviations,
            claims=tuple(claims),
            trust_code=trust_code,
            time_limit=time_limit,
            images=images,
            deidentify=deidentify,
            diagnose=diagnose,
            sequential=sequential,
            use=use,
            place=place,
            date=date,
            robustness=robustness,
        )
        judged = certify_request(request, progress)
        return Certification.of(judged.report, judged.shown, judged.ids)
    from ferspec.api.objects import certify_objects

    return certify_objects(
        model,
        dataset,
        contract,
        claims,
        deviations,
        groups,
        clusters,
        trust_code,
        images,
        deidentify,
        progress,
        diagnose,
        split,
        sequential,
        declared_use(use, place, date),
        robustness,
    )


class Unfinished(SubjectError):
    """A model that answered, and then crashed, ended or broke a limit: a fail without metrics, so without a report."""

    def __init__(self, reason: str, judgement: Judgement) -> None:
        super().__init__(reason)
        self.judgement = judgement


@dataclass(frozen=True)
class Judged:
    """The report on a model, the images that its page shows, and all names."""

    report: Report
    shown: Shown | None
    ids: tuple[str, ...]


def certify_request(
    request: CertifyRequest,
    progress: Progress = silent,
    approve: Callable[[ModelSubject], None] = lambda subject: None,
    out: Path | None = None,
    history: History | None = None,
) -> Judged:
    """Judge the model of a request by every check.

    ``approve`` may refuse the model and its images, by raising ``UserError``, before any long work. ``out`` is where
    the report is written, which a callable never reads. ``history`` counts the certifications of the model's lineage.
    """
    opened = _opened(request, progress, out, history)
    approve(opened.subject)
    tell(progress, _decided(request, opened))
    report = report_on(
        opened.subject,
        opened.claims,
        opened.deviations,
        request.reproduce,
        progress,
        request.diagnose,
        request.sequential,
        declared_use(request.use, request.place, request.date),
        request.robustness,
    )
    shown = Shown(opened.images, request.deidentify) if request.images else None
    return Judged(report, shown, opened.images.ids)


def judge_selected(request: CertifyRequest, progress: Progress = silent, history: History | None = None) -> Judgement:
    """Run only the checks whose id contains ``request.select``; only deviations from their clauses count."""
    checks = selected(checks_for_model(map(parse_claim, request.claims)), request.select)
    opened = _opened(request, progress, history=history)
    tell(progress, _decided(request, opened))
    deviations = declared_for(checks, opened.deviations)
    subject = opened.subject
    if request.sequential:
        subject = until_decided(subject, opened.claims, progress)
    judgement = run_checks(checks, subject, deviations, request.reproduce, progress)
    require_unchanged(subject)
    return judgement


@dataclass(frozen=True)
class _Opened:
    subject: ModelSubject
    images: Dataset
    claims: tuple[Claim, ...]
    deviations: tuple[Deviation, ...]


def _opened(
    request: CertifyRequest, progress: Progress, out: Path | None = None, history: History | None = None
) -> _Opened:
    """Open all that a request names; claims and deviations first, since a mistake in them is found at once."""
    declared_use(request.use, request.place, request.date)
    claims = tuple(map(parse_claim, request.claims))
    deviations = load_deviations(request.deviations) if request.deviations else ()
    require_names(request.model, request.contract)
    if request.sequential:
        require_shares(claims)
        if request.clusters is not None:
            raise UserError(SEQUENTIAL_CLUSTERS)
        if is_predictions_file(request.model):
            raise UserError(f"{request.model} holds predictions of all images: leave out --sequential")
    if request.robustness and is_predictions_file(request.model):
        raise UserError(cannot_be_asked(str(request.model), "--robustness"))
    images = open_images(request.model, request.dataset, request.groups, progress, request.split, request.clusters)
    require_known_metrics(claims, images.groups, images.clusters is not None)
    hidden = (request.dataset, request.groups, request.clusters, request.deviations, out)
    subject = open_subject(
        request.model, images, request.contract, request.trust_code, request.time_limit, progress, hidden
    )
    subject.lineage = None if history is None else history.next_on(digest(images.manifest()), digest(images.entries))
    return _Opened(subject, images, claims, deviations)


def _decided(request: CertifyRequest, opened: _Opened) -> Iterator[str]:
    yield from decided(opened.images)
    yield from trained_on(request.model, opened.images.entries)


def report_on(
    subject: ModelSubject,
    claims: Sequence[Claim] = (),
    deviations: Sequence[Deviation] = (),
    reproduce: str | None = None,
    progress: Progress = silent,
    mode: Mode | None = None,
    sequential: bool = False,
    use: Declaration | None = None,
    robustness: bool = False,
) -> Report:
    """Judge an opened subject by every check and return its report.

    ``mode`` is that of the diagnosis; ``sequential`` asks about images until all claims are decided. ``use`` is
    recorded, and changes nothing else. ``robustness`` measures what changed images cost.
    """
    seconds: dict[str, float] = {}
    with _timed(seconds, "predict"):
        if sequential:
            subject = until_decided(subject, claims, progress)
        require_evaluable(subject)
    with _timed(seconds, "check"):
        judgement = run_checks(checks_for_model(claims), subject, deviations, reproduce, progress)
    with _timed(seconds, "diagnose"):
        found = mistakes_of(subject, mode)
    losses = None
    if robustness:
        with _timed(seconds, "robustness"):
            losses = robustness_on(subject, progress)
    require_unchanged(subject)
    surroundings = _environment(subject, seconds)
    return build_report(
        subject, judgement, map(str, claims), deviations, found.diagnoses, found.search, surroundings, use, losses
    )


def declared_use(use: str | None, place: str | None, date: str | None) -> Declaration | None:
    """Return the declaration of a use, None without one; ``UserError`` for a part of it alone, or an unknown name."""
    if use is None and place is None and date is None:
        return None
    if use is None or place is None:
        known = ", ".join(one.name for one in (law().uses if use is None else law().places))
        missing = "--use" if use is None else "--place"
        raise UserError(f"a declared use needs {missing}: known are {known}")
    return declare(use, place, date)


def until_decided(subject: ModelSubject, claims: Sequence[Claim], progress: Progress = silent) -> ModelSubject:
    """Return the model on the images that were asked until all claims were decided.

    Errors as in ``require_evaluable``.
    """
    found: list[ModelSubject] = []

    def answers(subject: ModelSubject) -> CheckResult:
        error = error_of(subject.share_of_error)
        found.append(ask_until_decided(subject, claims, error, partial(progress, "predicting")))
        return CheckResult(status=Status.PASS)

    require_evaluable(subject, (ESSENTIAL[0],))
    if subject.first_output.shape[1] != len(subject.class_set.classes):
        require_evaluable(subject)
    require_evaluable(subject, (Check(ESSENTIAL[1].clause, answers),))
    return found[0]


def require_evaluable(subject: ModelSubject, checks: Sequence[Check] = ESSENTIAL) -> None:
    """Raise an error if no metric can be computed, as FER-B-01 to FER-B-03 say.

    ``Unfinished`` for a model that has answered before and then crashes, ends or breaks a limit; else ``UserError``.
    """
    tried: list[Outcome] = []
    for check in checks:
        outcome = outcome_of(check, subject)
        tried.append(outcome)
        if outcome.status is Status.FAIL:
            found = outcome.message or f"{outcome.observed}, expected {outcome.expected}"
            reason = f"{check.clause} {outcome.title}: {found}"
            if outcome.message and check is not ESSENTIAL[0]:
                raise Unfinished(reason, judge([outcome.check for outcome in tried], tried))
            raise UserError(reason)


def require_unchanged(subject: ModelSubject) -> None:
    """Raise ``UserError`` if the files of the model changed while it was judged."""
    if subject.model is not None:
        subject.model.require_unchanged()


def _environment(subject: ModelSubject, seconds: dict[str, float]) -> Environment:
    model = subject.model
    if model is None or model.isolation is None:
        return environment(seconds, milliseconds=subject.milliseconds)
    return environment(seconds, recorded_settings(), model.devices, subject.milliseconds)


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Add the duration of a step, in seconds."""
    began = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - began
