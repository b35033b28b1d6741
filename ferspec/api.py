"""The Python interface: certify a model, compare two, verify a certificate, judge an implementation."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args

from ferspec.checks.generator import checks_for_certificate, checks_for_implementation, checks_for_model
from ferspec.checks.model.behaviour import ESSENTIAL
from ferspec.checks.model.diagnosis import diagnose
from ferspec.deviations import load_deviations
from ferspec.engine import Check, Subject, charged, judge, outcome_of
from ferspec.environment import environment
from ferspec.errors import UserError
from ferspec.outcomes import Deviation, Judgement, Status
from ferspec.progress import Progress, silent
from ferspec.reference.comparison import Comparison
from ferspec.reference.comparison import compare as compare_predictions
from ferspec.spec.records import DEFAULT_PROFILE, Profile
from ferspec.subjects.certificates.build import build_report, dataset_info, subject_info
from ferspec.subjects.certificates.document import DatasetInfo, Report, SubjectInfo
from ferspec.subjects.certificates.subject import Certificate, read_certificate
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.implementations.processes import TIME_LIMIT, open_implementation
from ferspec.subjects.implementations.subject import ImplementationSubject
from ferspec.subjects.models.claims import Claim, parse_claim, require_known_figures
from ferspec.subjects.models.from_names import DEMO, join, open_images, open_source, open_subject
from ferspec.subjects.models.subject import ModelSubject


def certify(
    model: str | Path,
    dataset: str | Path | None = None,
    contract: str | Path | None = None,
    claims: Iterable[str] = (),
    deviations: str | Path | None = None,
    groups: str | Path | None = None,
    trust_code: bool = False,
    progress: Progress = silent,
) -> Report:
    """Judge a trained model on a dataset and return the report; ``demo`` is the embedded default.

    The report is a certificate only for a test set in the BTFER form (7 × 300 images of 256 × 256); otherwise it is an
    evaluation, and on synthetic faces a demonstration. ``claims`` are texts such as ``accuracy>=0.60``. ``UserError``
    for a model that cannot be evaluated at all: unreadable, of another output width, answering NaN.
    """
    return certify_with_images(model, dataset, contract, claims, deviations, groups, trust_code, progress)[0]


def certify_with_images(
    model: str | Path,
    dataset: str | Path | None = None,
    contract: str | Path | None = None,
    claims: Iterable[str] = (),
    deviations: str | Path | None = None,
    groups: str | Path | None = None,
    trust_code: bool = False,
    progress: Progress = silent,
    approve: Callable[[ModelSubject], None] = lambda subject: None,
) -> tuple[Report, Dataset]:
    """Do as ``certify`` and return the images too, which a page needs for its thumbnails.

    ``approve`` may refuse the model and images, by raising ``UserError``, before any long work.
    """
    claims = tuple(claims)
    claimed = [parse_claim(text) for text in claims]
    declared = load_deviations(deviations) if deviations else ()
    images = open_images(model, dataset, groups, progress)
    require_known_figures(claimed, images.groups)
    subject = open_subject(model, images, contract, trust_code, progress)
    approve(subject)
    again = reproducing(model, dataset, contract, groups, deviations, claims, trust_code)
    return report_on(subject, claimed, declared, again, progress), images


def run_checks(
    model: str | Path,
    dataset: str | Path | None = None,
    contract: str | Path | None = None,
    claims: Iterable[str] = (),
    deviations: str | Path | None = None,
    groups: str | Path | None = None,
    trust_code: bool = False,
    select: str = "",
    progress: Progress = silent,
) -> Judgement:
    """Run only the checks whose id contains ``select``, and deviations from their clauses; there is no report.

    ``UserError`` where no check has such an id.
    """
    claims = tuple(claims)
    claimed = [parse_claim(text) for text in claims]
    checks = tuple(check for check in checks_for_model(claimed) if select in check.id)
    if not checks:
        known = ", ".join(check.id for check in checks_for_model(claimed))
        raise UserError(f"no check's id contains '{select}': they are {known}")
    clauses = {check.clause for check in checks}
    declared = [d for d in (load_deviations(deviations) if deviations else ()) if d.clause in clauses]
    images = open_images(model, dataset, groups, progress)
    require_known_figures(claimed, images.groups)
    subject = open_subject(model, images, contract, trust_code, progress)
    return _judge(
        checks,
        subject,
        declared,
        reproducing(model, dataset, contract, groups, deviations, claims, trust_code),
        progress,
    )


def report_on(
    subject: ModelSubject,
    claims: Sequence[Claim] = (),
    deviations: Sequence[Deviation] = (),
    reproduce: str | None = None,
    progress: Progress = silent,
) -> Report:
    """Judge an opened subject and return its report."""
    clock = Clock()
    with clock.step("predict"):
        require_evaluable(subject)
    with clock.step("check"):
        judgement = judge_model(subject, claims, deviations, reproduce, progress)
    with clock.step("diagnose"):
        diagnoses = diagnose(subject)
    return build_report(subject, judgement, map(str, claims), deviations, diagnoses, environment(clock.seconds))


def judge_model(
    subject: ModelSubject,
    claims: Iterable[Claim] = (),
    deviations: Iterable[Deviation] = (),
    reproduce: str | None = None,
    progress: Progress = silent,
) -> Judgement:
    """Run every check that fits a model and decide the verdict."""
    return _judge(checks_for_model(claims), subject, deviations, reproduce, progress)


def require_evaluable(subject: ModelSubject) -> None:
    """Raise ``UserError`` when the model gives no figures that could be measured (FER-B-01 to FER-B-03 fail)."""
    for check in ESSENTIAL:
        outcome = outcome_of(check, subject)
        if outcome.status is Status.FAIL:
            found = outcome.message or f"{outcome.observed}, expected {outcome.expected}"
            raise UserError(f"{check.clause} {outcome.title}: {found}")


def compare(
    model_a: str | Path,
    model_b: str | Path,
    dataset: str | Path | None = None,
    contract_a: str | Path | None = None,
    contract_b: str | Path | None = None,
    trust_code: bool = False,
    progress: Progress = silent,
) -> Comparison:
    """Compare two models on the same images: McNemar's exact test for accuracy, a paired bootstrap for the rest."""
    return compare_named(model_a, model_b, dataset, contract_a, contract_b, trust_code, progress)[0]


def compare_named(
    model_a: str | Path,
    model_b: str | Path,
    dataset: str | Path | None = None,
    contract_a: str | Path | None = None,
    contract_b: str | Path | None = None,
    trust_code: bool = False,
    progress: Progress = silent,
) -> tuple[Comparison, SubjectInfo, SubjectInfo, DatasetInfo]:
    """Do as ``compare`` and return too what tells the two models and the images."""
    images = open_images(model_a, dataset, progress=progress)
    first, second = (
        open_subject(model, images, contract, trust_code, progress)
        for model, contract in ((model_a, contract_a), (model_b, contract_b))
    )
    require_evaluable(first)
    require_evaluable(second)
    comparison = compare_predictions(first.labels, first.predicted, second.predicted)
    return comparison, subject_info(first), subject_info(second), dataset_info(images, images.manifest())


def verify(
    certificate: str | Path,
    dataset: str | Path | None = None,
    model: str | Path | None = None,
    trust_code: bool = False,
    select: str = "",
    progress: Progress = silent,
) -> Judgement:
    """Compute every figure of a certificate again, from its predictions and from model and images where given.

    With ``select`` only the checks run whose id contains it; ``UserError`` where none does.
    """
    return verify_with_certificate(certificate, dataset, model, trust_code, select, progress)[0]


def verify_with_certificate(
    certificate: str | Path,
    dataset: str | Path | None = None,
    model: str | Path | None = None,
    trust_code: bool = False,
    select: str = "",
    progress: Progress = silent,
) -> tuple[Judgement, Certificate]:
    """Do as ``verify`` and return the opened certificate too, which says what it is of."""
    checks = tuple(check for check in checks_for_certificate() if select in check.id)
    if not checks:
        raise UserError(
            f"no check's id contains '{select}': they are {', '.join(c.id for c in checks_for_certificate())}"
        )
    document = read_certificate(certificate)
    images = None if dataset is None else open_images(DEMO, dataset, progress=progress)
    source = None if model is None else open_source(model, trust_code)
    subject = Certificate(document, images, source, recertify=partial(_certify_again, progress=progress))
    again = _verifying(certificate, dataset, model, trust_code)
    return _judge(checks, subject, (), again, progress), subject


def _verifying(certificate: str | Path, dataset: str | Path | None, model: str | Path | None, trust_code: bool) -> str:
    """Return the command that verifies the same certificate again."""
    words = ["ferspec", "verify", certificate]
    words += [] if dataset is None else ["--dataset", dataset]
    words += [] if model is None else ["--model", model]
    words += ["--trust-code"] if trust_code else []
    return shlex.join(map(str, words))


def conform(
    implementation: str | None = None,
    command: str | None = None,
    profile: Profile = DEFAULT_PROFILE,
    deviations: str | Path | None = None,
    select: str = "",
    time_limit: float = TIME_LIMIT,
    progress: Progress = silent,
) -> Judgement:
    """Judge an implementation of the protocol: ``package.module[:object]``, or a command that speaks JSON lines.

    Either runs in a process of its own, which has ``time_limit`` seconds for an answer. What it does not offer is not
    evaluated. With ``select`` only the checks run whose id contains it, and deviations from their clauses alone count.
    ``UserError`` for an implementation that cannot be started, and where no check has such an id.
    """
    if profile not in get_args(Profile):
        raise UserError(f"there is no profile {profile!r}: they are {', '.join(get_args(Profile))}")
    checks = tuple(check for check in checks_for_implementation() if select in check.id)
    if not checks:
        raise UserError(f"no check's id contains '{select}': 'ferspec conform --list' names their clauses")
    clauses = {check.clause for check in checks}
    declared = load_deviations(deviations) if deviations else ()
    declared = [deviation for deviation in declared if not select or deviation.clause in clauses]
    again = conforming(implementation, command, profile, deviations, time_limit)
    with open_implementation(implementation, command, time_limit) as process:
        judgement = _judge(checks, ImplementationSubject(process, profile), declared, again, progress)
    return charged(judgement, process.strays)


def conforming(
    implementation: str | None,
    command: str | None,
    profile: Profile = DEFAULT_PROFILE,
    deviations: str | Path | None = None,
    time_limit: float = TIME_LIMIT,
) -> str:
    """Return the command that judges the same implementation again."""
    words = ["ferspec", "conform", *(["--command", command] if implementation is None else [implementation])]
    words += [] if profile == DEFAULT_PROFILE else ["--profile", profile]
    words += [] if deviations is None else ["--deviations", str(deviations)]
    words += [] if time_limit == TIME_LIMIT else ["--time-limit", f"{time_limit:g}"]
    return shlex.join(map(str, words))


def _certify_again(certificate: Certificate, progress: Progress) -> Report:
    """Judge the same model on the same images under the recorded contract, claims and deviations."""
    stated, images = certificate.report, certificate.dataset
    grouped = replace(images, listing=replace(images.listing, groups=certificate.groups or {}))
    subject = join(grouped, certificate.source, stated.subject.contract, progress)
    return report_on(subject, [parse_claim(text) for text in stated.claims], stated.deviations, progress=progress)


def reproducing(
    model: str | Path,
    dataset: str | Path | None,
    contract: str | Path | None,
    groups: str | Path | None,
    deviations: str | Path | None,
    claims: Iterable[str],
    trust_code: bool,
) -> str:
    """Return the command that runs the same checks again."""
    words = ["ferspec", "certify", str(model)]
    files = {"--dataset": dataset, "--contract": contract, "--groups": groups, "--deviations": deviations}
    for option, value in files.items():
        words += [] if value is None else [option, str(value)]
    for claim in claims:
        words += ["--claim", claim]
    words += ["--trust-code"] if trust_code else []
    return shlex.join(words)


class Clock:
    """Durations of named steps, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began


def _judge(
    checks: Sequence[Check],
    subject: Subject,
    deviations: Iterable[Deviation],
    reproduce: str | None,
    progress: Progress,
) -> Judgement:
    outcomes = []
    for done, check in enumerate(checks, start=1):
        outcomes.append(outcome_of(check, subject, reproduce))
        progress("checking", done, len(checks))
    return judge([check.id for check in checks], outcomes, deviations)
