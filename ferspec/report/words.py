"""The words and numbers that all pages of a report share."""

import unicodedata
from collections.abc import Iterable

from ferspec import spec
from ferspec.checks.model.plan import found_loss
from ferspec.outcomes import Outcome, Status
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.measured import Evaluation, Metric, Rank
from ferspec.reference.selection_bias import best_of
from ferspec.report.use import is_prohibited
from ferspec.spec.records import Cell
from ferspec.subjects.certificates.document import DatasetInfo, Diagnosis, Report
from ferspec.subjects.models.contracts.class_set import Extra
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.predictions import RecordedPredictions

VERDICTS = {"pass": "pass", "fail": "fail", "inconclusive": "inconclusive", "not_evaluated": "not evaluated"}
NOTICES = {
    "demonstration": "Demonstration: these faces are synthetic. It certifies nothing about people.",
    "evaluation": "Evaluation, not a certificate: the test set was not recognised by its pictures.",
}
IN_FORM = "Evaluation on a set in the BTFER form, not a certificate: the test set was not recognised by its pictures."
UNRECOGNISED = "a test set that was not recognised"
PREDICTIONS_ONLY = "predictions only"
NOT_ISOLATED = "not isolated"
OTHER_CLASSES = "not the protocol's classes"
CODE_NOT_ISOLATED = (
    "Not isolated: the model runs code of its author, which could reach files, processes or the network."
)
OF_PREDICTIONS = "Predictions only: they were read from a file, and nothing shows that a model gives them."
READINGS = {"pillow": "Pillow", "floor": "the formula floor((i + 0.5) · 256 / 48)"}
WEIGHTS = {"imagenet": "ImageNet", "vggface": "VGGFace", "scratch": "from scratch"}
UNDEFINED = "undefined"
HIDDEN = "\ufffd"
# Controls, lone surrogates and marks that reverse the text around them; joiners and accents stay.
REVERSING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# characters of a name in a line
LONGEST_NAME = 48
ORDER = {Status.FAIL: 0, Status.INCONCLUSIVE: 2, Status.NOT_EVALUATED: 3, Status.PASS: 4}


def notice(report: Report) -> str | None:
    """Return the notice of a report that does not certify a model, else None."""
    kind = IN_FORM if is_in_form_only(report) else NOTICES.get(report.kind)
    recognised = report.kind == "evaluation" and report.dataset.form == "btfer"
    said = [
        None if recognised else kind,
        other_classes(report),
        OF_PREDICTIONS if is_of_predictions(report) else None,
        None if report.isolated else CODE_NOT_ISOLATED,
        None if report.subject.coverage is None else report.subject.coverage.caveat,
    ]
    return " ".join(filter(None, said)) or None


def other_classes(report: Report) -> str | None:
    """Return which classes a model names besides the seven, and which it cannot name; None for the seven."""
    found = report.other_classes
    if found is None:
        return None
    outside = f"it also answers {', '.join(map(plain, found.outside))}" if found.outside else ""
    missing = f"it cannot answer {', '.join(found.missing)}" if found.missing else ""
    return f"Not the protocol's classes: {' and '.join(filter(None, (outside, missing)))}."


def readings(report: Report) -> list[str]:
    """Return sentences on the accuracy under other readings of the answers, and on clusters."""
    said = []
    others, abstained = report.other_classes, report.abstention
    if others is not None and len(others.policies) > 1:
        names, (declared, *further) = ", ".join(map(plain, others.outside)), others.policies
        ways = (f"if {policy(way.extra)}, the accuracy is {share(way.figures.accuracy)}" for way in further)
        said.append(f"Answers outside the seven ({names}) are {policy(declared.extra)}; {'; '.join(ways)}.")
    if others is not None and (named := others.nameable) is not None:
        accuracy = share(named.accuracy)
        said.append(
            f"Accuracy on the {named.n:,} images whose class the model can name: {accuracy}; the others are misses."
        )
    if abstained is not None:
        missing = f"{abstained.missing:,} of {report.metrics.n:,} images"
        said.append(
            f"No answer for {missing}, {share(abstained.rate)}; these count as wrong. Accuracy without them "
            f"{share(abstained.answered.accuracy)}, and if all were right {share(abstained.best)}."
        )
    if report.metrics.clusters is not None:
        said.append(
            f"{report.metrics.n:,} images in {report.metrics.clusters:,} clusters, as the owner names them: the "
            "intervals of accuracy, precision, recall and F1 allow for clusters, others do not."
        )
    return said


def share(figure: Metric) -> str:
    """Return a share with its interval: ``54.5 % (52.4–56.6)``."""
    if figure.value is None:
        return UNDEFINED
    return f"{percent(figure.value)} ({percent_range(figure).removesuffix(' %')})"


def policy(extra: Extra) -> str:
    """Return in words what an answer outside the seven counts as."""
    if isinstance(extra, dict):
        return ", ".join(f"{plain(name)} merged into {plain(target)}" for name, target in extra.items())
    return {"wrong": "counted as wrong", "drop": "left out and the rest renormalised"}[extra]


def asked(report: Report) -> str | None:
    """Return how many images were asked until the claims were decided; None if all had to be."""
    if report.sequential is None:
        return None
    decided = report.sequential.stopped == "all claims are decided"
    why = "until all claims were decided" if decided else "but some claims remain undecided"
    return (
        f"Sequential: {len(report.asked):,} of {len(report.manifest):,} images were asked, in random order, {why}. All "
        "metrics are of these images; the claims allow for stopping early, other intervals do not."
    )


def lineage(report: Report) -> str | None:
    """Return how often a lineage was certified on these images, and what that costs; None without one."""
    found = report.lineage
    if found is None:
        return None
    count, name = found.certifications, shorten(found.name, LONGEST_NAME)
    level = 100 * protocol_resampling(found.share).level
    said = (
        f"Certification {count:,} of the lineage {name} on these images, as its owner counts: each claim is judged at "
        f"{level:.6g} %, so that those of all certifications, however many, share one error."
    )
    if count == 1:
        return said
    better = 100 * best_of(count, report.metrics)
    return f"{said} The best of {count:,} equally good models seems about {better:.1f} points better than it is."


def isolation(report: Report) -> str | None:
    """Return in one line what was enforced on the model's process, if it had one."""
    found = report.isolation
    if found is None:
        return None
    parts = {"files": found.files, "network": found.network, "processes": found.processes}
    enforced = ", ".join(name for name, is_enforced in parts.items() if is_enforced) or "nothing"
    missing = ", ".join(name for name, is_enforced in parts.items() if not is_enforced)
    limits = f"; limited: {', '.join(found.limits)}" if found.limits else ""
    tools = f" ({', '.join(found.tools)})" if found.tools else ""
    return f"isolated: {enforced}{limits}{tools}" + (f"; not isolated: {missing}" if missing else "")


def is_of_predictions(report: Report) -> bool:
    """Return whether a report judges predictions from a file, without running a model."""
    return report.subject.format == RecordedPredictions.format


def is_in_form_only(report: Report) -> bool:
    """Return whether a report is on an unrecognised set in the BTFER form."""
    return report.kind == "evaluation" and report.dataset.form == "btfer form"


def ranking(report: Report) -> Rank | None:
    """Return the place among the published models, by the known pictures; None unless the images are BTFER's."""
    return report.known.rank if report.known is not None and report.kind == "certificate" else None


def images_name(images: DatasetInfo, length: int) -> str:
    """Return the name of a dataset; that of BTFER only for images that are recognised as BTFER's."""
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", images.name))).casefold()
    return UNRECOGNISED if "btfer" in letters and images.form != "btfer" else shorten(images.name, length)


def recognition(report: Report) -> list[str]:
    """Return how the images were compared with the known pictures, in sentences; empty if they were not."""
    found = report.dataset.recognition
    if found is None:
        return []
    decoder = report.environment.packages.get("pillow")
    software = f"Pillow {plain(decoder)}" if decoder else "an unknown decoder"
    least = spec.load().integer("FER-D-13", "least")
    what = f"Recognised by {found.by}" if found.recognised else f"Not recognised by {found.by}"
    counts = (
        (found.mislabelled, "have a label that is not known for them"),
        (found.repeated, "repeat a known picture under its label"),
        (found.similar, f"resemble known pictures but differ in their pixels, as decoded by {software}"),
        (found.disagreeing, "differ from their own 48 × 48 pixels by more than a photograph does"),
    )
    return [
        f"{what}: {found.pictures:,} different known pictures, at least {least:,} are needed.",
        f"{found.known:,} images are known, {found.unknown:,} are unknown.",
        *([f"Ties were read as in {READINGS[found.reading]}."] if found.known else []),
        *(f"Images that {said}: {count:,}." for count, said in counts if count),
    ]


def doubts(report: Report) -> list[str]:
    """Return what may be wrong: the likely mistakes, and what nobody has confirmed; empty if nothing is."""
    mistakes, assumed = [mistake(diagnosis) for diagnosis in report.diagnoses], unconfirmed(report)
    said = [f"{likely_mistakes(report)}: {', '.join(mistakes)}"] if mistakes else []
    return said + ([f"assumed in the contract, not confirmed: {', '.join(assumed)}"] if assumed else [])


def mistake(diagnosis: Diagnosis) -> str:
    """Return what a diagnosis finds wrong: an entry of the contract, or what the predictions are instead."""
    return plain(diagnosis.likely) if diagnosis.kind == "predictions" else diagnosis.kind


def likely_mistakes(report: Report) -> str:
    """Return the number of diagnoses: ``2 likely mistakes in the contract``."""
    mistakes = "1 likely mistake" if len(report.diagnoses) == 1 else f"{len(report.diagnoses)} likely mistakes"
    predictions = report.subject.contract is None or all(found.kind == "predictions" for found in report.diagnoses)
    return f"{mistakes} in the {'predictions' if predictions else 'contract'}"


def entries(contract: Contract) -> list[tuple[str, str]]:
    """Return the entries of a contract with their values in words; without value only those that are assumed."""
    tables = {"input": contract.input, "output": contract.output}
    found = [(f"{table}.{key}", value) for table, values in tables.items() for key, value in values]
    return [(name, _in_words(value)) for name, value in found if value is not None or name in contract.assumed]


def _in_words(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, dict):
        return ", ".join(f"{key} = {item}" for key, item in value.items())
    if isinstance(value, tuple):
        return ", ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in value)
    return str(value)


def unconfirmed(report: Report) -> tuple[str, ...]:
    """Return the entries of the contract that ``ferspec contract init`` assumed and nobody has confirmed."""
    return () if report.subject.contract is None else report.subject.contract.assumed


def certifies(report: Report) -> bool:
    """Return whether a report is a certificate of a model that was run, and passes."""
    return report.kind == "certificate" and report.verdict == "pass" and not is_of_predictions(report)


def is_green(report: Report) -> bool:
    """Return whether a verdict is green: of a certificate with a probable contract and no prohibited use."""
    return certifies(report) and not report.diagnoses and not is_prohibited(report)


def headline(report: Report) -> str:
    """Return the name of a kind of report: ``certificate``, or ``certificate (predictions only)``."""
    origin = PREDICTIONS_ONLY if is_of_predictions(report) else None if report.isolated else NOT_ISOLATED
    classes = None if report.other_classes is None else OTHER_CLASSES
    part = None if report.sequential is None else f"{len(report.asked):,} of {len(report.manifest):,} images"
    said = ", ".join(filter(None, (origin, classes, chosen_columns(report), part)))
    return f"{report.kind} ({said})" if said else report.kind


def chosen_columns(report: Report) -> str | None:
    """Return which columns of the output the contract chooses, None if it chooses none.

    A column left out may be a further class, without which the accuracy is another.
    """
    contract = report.subject.contract
    if contract is None or contract.output.columns is None:
        return None
    start, stop = contract.output.columns
    return f"only columns {start} to {stop - 1} of the output"


def level() -> str:
    """Return the confidence of every interval: ``95 %`` (FER-Z-01)."""
    return f"{100 * spec.load().number('FER-Z-01', 'level'):g} %"


def plain(text: object) -> str:
    """Return untrusted text as one line, without characters that control a terminal or the direction."""
    return "".join(_plain(character) for character in str(text))


def shorten(text: object, length: int) -> str:
    """Return a plain text of at most ``length`` characters; the middle of a longer one is omitted."""
    text = plain(text)
    if len(text) <= length:
        return text
    tail = (length - 1) // 3
    return f"{text[: length - 1 - tail]}…{text[len(text) - tail :]}"


def percent(value: float, digits: int = 1) -> str:
    """Return a share as a percentage: 0.545 gives ``54.5 %``."""
    return f"{100 * value:.{digits}f} %"


def file_size(count: int) -> str:
    """Return a number of bytes in the unit that fits: ``4.9 MB``."""
    power = min(3, max(0, (len(str(count)) - 1) // 3))
    return f"{count / 1000**power:.{min(power, 1)}f} {('bytes', 'kB', 'MB', 'GB')[power]}"


def searched(report: Report) -> str | None:
    """Return how mistakes in the input were searched for, and what may have been missed; None if they were not."""
    search, n = report.search, len(report.predictions)
    if search is None or not search.alternatives:
        return None
    loss = 100 * found_loss(search.mode, n)
    sentence = (
        f"Mistakes in the input: {search.alternatives} alternatives were tried ({search.mode} search, which cost "
        f"{search.asked / n:.2f} runs over all images). A mistake that costs {loss:.1f} points of accuracy or more is "
        "named with a probability of about 90 %, or less where another input is nearly as good; smaller ones may have "
        "been missed."
    )
    return sentence + (" To search for smaller ones, certify with --diagnose full." if search.mode == "quick" else "")


def percent_range(figure: Metric) -> str:
    """Return the interval of a share: ``52.4–56.6 %``; empty if there is none."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{100 * figure.low:.1f}–{100 * figure.high:.1f} %"


def number_range(figure: Metric) -> str:
    """Return the interval of a plain number: ``0.812–0.871``; empty if there is none."""
    return "" if figure.low is None or figure.high is None else f"{figure.low:.3f}–{figure.high:.3f}"


def points_range(figure: Metric) -> str:
    """Return the interval of a difference of shares, in points: ``4.8 to 7.6``; empty if there is none."""
    return "" if figure.low is None or figure.high is None else f"{100 * figure.low:.1f} to {100 * figure.high:.1f}"


def stated(value: str | float | None) -> str:
    """Return an observed or expected value as text; empty for None."""
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else plain(value)


def difference(value: float) -> str:
    """Return a difference with its sign: ``+13.81``, ``-0.0005``."""
    return f"{value:+.4g}"


def by_urgency(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Sort outcomes: failures, declared failures, inconclusive, not evaluated, passes."""
    return sorted(outcomes, key=lambda outcome: ORDER[outcome.status] + (outcome.declared is not None))


def place(rank: Rank) -> str:
    """Return the place with its ties: ``place 80 to 98 of 255: 18 published models print 0.54``, ``below all 255``."""
    if not rank.ties:
        return f"below all {rank.of}" if rank.position > rank.of else f"place {rank.position} of {rank.of}"
    decimals = spec.load().integer("FER-M-07", "decimals")
    models = "1 published model prints" if rank.ties == 1 else f"{rank.ties} published models print"
    return f"place {places(rank)} of {rank.of}: {models} {rank.printed:.{decimals}f}"


def places(rank: Rank) -> str:
    """Return the places that ties leave open: ``80 to 98``; ``254 to below all``."""
    last = "below all" if rank.last > rank.of else str(rank.last)
    return f"{rank.position} to {last}" if rank.ties else last


def rank_range(rank: Rank) -> str:
    """Return the places within the accuracy's interval: ``61 to 98``, ``240 to below all``; empty for one place."""
    ends = (rank.best_position, rank.worst_position)
    best, worst = ("below all" if end > rank.of else str(end) for end in ends)
    return "" if best == worst else f"{best} to {worst}"


def cell_name(cell: Cell) -> str:
    """Return a cell of the grid in words: ``VGG16, VGGFace, 224 px, AffectNet, simple weighting``."""
    trained = f"{cell.dataset}, {cell.balancing} weighting"
    return f"{cell.architecture}, {WEIGHTS[cell.weights]}, {cell.resolution} px, {trained}"


def approximate(metrics: Evaluation) -> str | None:
    """Return that the intervals of averages are approximate on so few images; None on enough."""
    least = spec.load().integer("FER-Z-03", "least_images")
    said = f"Intervals of averages over classes are approximate on fewer than {least} images."
    return said if metrics.n < least else None


def undefined_reasons(metrics: Evaluation) -> list[str]:
    """Return the reasons why metrics of a report are undefined, each once."""
    figures = [
        (f"{average} {name}", getattr(getattr(metrics, name), average))
        for name in ("precision", "recall", "f1")
        for average in ("weighted", "macro")
    ]
    figures += [
        (f"{name} of {row.name}", getattr(row, name))
        for row in metrics.per_class
        for name in ("precision", "recall", "f1")
    ]
    return [f"{name[0].upper()}{name[1:]}: {figure.undefined}." for name, figure in figures if figure.undefined]


def _plain(character: str) -> str:
    if character in "\t\n\r\v\f\u2028\u2029":
        return " "
    return HIDDEN if character in REVERSING or unicodedata.category(character) in ("Cc", "Cs") else character
