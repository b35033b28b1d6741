"""The report as one self-contained page, without scripts or external files."""

from collections.abc import Callable, Mapping
from functools import cache

from jinja2 import Environment

from ferspec import spec
from ferspec.checks.model.claims import claim_checks
from ferspec.outcomes import Outcome, Status
from ferspec.reference.evaluation import figures
from ferspec.reference.measured import Evaluation, Group, Metric, Slice
from ferspec.report import plots, reuse, words
from ferspec.report.evidence import NO_GROUPS, evidence
from ferspec.report.robustness.page import shown as shown_robustness
from ferspec.report.robustness.rows import points_lost
from ferspec.report.shown import BLOCKS, data_address, is_deidentified
from ferspec.report.summary import summary
from ferspec.report.templating import new_environment
from ferspec.report.use import STYLES, WORDS, assessment, said, stale
from ferspec.subjects.certificates.document import Prediction, Report
from ferspec.subjects.certificates.signing.assurance import SELF_ASSERTED, Assurance
from ferspec.subjects.models.claims import parse_claim
from ferspec.use.assess import Assessment

WORST_SHOWN = 24
GROUPS_SHOWN = 12
TAGS = {"demonstration": "synthetic faces certify nothing about people", "evaluation": "not a certificate"}
CONFUSIONS_SHOWN = 3


def render_html(
    report: Report, thumbnails: Mapping[str, bytes] | None = None, assurance: Assurance = SELF_ASSERTED
) -> str:
    """Return the page of a report.

    ``thumbnails`` maps digests of pixels to PNG or JPEG bytes, for the images of ``worst_predictions``; without them
    the page shows no faces. ``ValueError`` for bytes of another format.
    """
    thumbnails = thumbnails or {}
    worst = [prediction for prediction in worst_predictions(report) if prediction.image in thumbnails]
    use = assessment(report)
    outcomes, ranking = words.by_urgency(report.outcomes), words.ranking(report)
    page = templates().get_template("report.html")
    return page.render(
        report=report,
        assurance=assurance,
        metrics=report.metrics,
        classes=spec.load().classes,
        notice=words.notice(report),
        headline=words.headline(report),
        is_green=words.is_green(report),
        doubts=words.doubts(report),
        limits=(words.asked(report), words.lineage(report)),
        use=use,
        use_said=use and said(use),
        use_word=use and WORDS[use.outcome],
        use_style=use and STYLES[use.outcome],
        use_stale=use and stale(use),
        requirements=_requirements(report, use),
        no_groups=NO_GROUPS,
        tag=TAGS.get(report.kind, words.PREDICTIONS_ONLY) if words.notice(report) else None,
        outcomes=outcomes,
        urgent=[outcome for outcome in outcomes if outcome.status in (Status.FAIL, Status.INCONCLUSIVE)],
        claims=claims(report),
        confusions=top_confusions(report.metrics),
        images_name=words.images_name,
        ranking=ranking,
        strip=plots.strip(report.known.accuracy) if ranking and report.known else None,
        recognition=words.recognition(report),
        known=_known(report),
        bars=plots.reliability(report.metrics.calibration.bins) if report.metrics.calibration else (),
        slices=[(column, *shown_groups(column)) for column in report.metrics.slices],
        readings=words.readings(report),
        undefined=words.undefined_reasons(report.metrics),
        worst=[(prediction, data_address(thumbnails[prediction.image])) for prediction in worst],
        deidentified=any(map(is_deidentified, thumbnails.values())),
        blocks=BLOCKS,
        isolation=words.isolation(report),
        robustness=report.robustness and shown_robustness(report.robustness),
        summary=summary(report.metrics),
        csv=reuse.confusion_csv(report.metrics),
        bibtex=reuse.bibtex(report),
        snippets=reuse.badge_snippets(report),
    )


def _requirements(report: Report, use: Assessment | None) -> list[tuple[str, str]]:
    """Return what the paper requires of a use, with what the report knows."""
    if use is None or use.domain is None:
        return []
    return [(one.text, evidence(report, one.evidence)) for one in use.domain.requirements]


def _known(report: Report) -> list[tuple[str, Metric, Metric]]:
    """Return each averaged metric on all images and on the known pictures; empty unless it is on BTFER."""
    if report.known is None:
        return []
    on_all, on_known = figures(report.metrics), figures(report.known)
    names = [name for name in on_all if "[" not in name]
    return [(name, on_all[name], on_known[name]) for name in names if on_all[name].value is not None]


def worst_predictions(report: Report, count: int = WORST_SHOWN) -> tuple[Prediction, ...]:
    """Return the wrong predictions of the highest confidence, the most confident first.

    Empty for a report without probabilities, since the confidence is then unknown.
    """
    if report.metrics.calibration is None or not report.metrics.calibration.bins:
        return ()
    wrong = [
        (-max(prediction.probabilities), prediction.image, prediction)
        for prediction in report.predictions
        if prediction.predicted not in (None, prediction.label) and prediction.probabilities is not None
    ]
    return tuple(prediction for _, _, prediction in sorted(wrong, key=lambda row: row[:2])[:count])


def claims(report: Report) -> list[tuple[str, Outcome | None]]:
    """Return each claim with the outcome of its check."""
    found = {outcome.check: outcome for outcome in report.outcomes}
    ids = [check.id for check in claim_checks(map(parse_claim, report.claims))]
    return [(claim, found.get(id)) for claim, id in zip(report.claims, ids, strict=True)]


def top_confusions(metrics: Evaluation) -> list[tuple[str, str, int, float]]:
    """Return the most frequent confusions: label, prediction, images, share of the label's images."""
    classes = spec.load().classes
    pairs = [
        (classes[row], metrics.answers[column], count, count / sum(counts))
        for row, counts in enumerate(metrics.confusion_matrix)
        for column, count in enumerate(counts)
        if row != column and count
    ]
    return sorted(pairs, key=lambda pair: (-pair[3], pair[0], pair[1]))[:CONFUSIONS_SHOWN]


def shown_groups(column: Slice) -> tuple[list[Group], int]:
    """Return the best and worst groups of a column, and the number of omitted ones."""
    groups = sorted(column.groups, key=lambda group: (-(group.accuracy.value or 0), group.value))
    left_out = max(0, len(groups) - 2 * GROUPS_SHOWN)
    return (groups if not left_out else groups[:GROUPS_SHOWN] + groups[-GROUPS_SHOWN:]), left_out


def _unbroken(write: Callable[..., str]) -> Callable[..., str]:
    """Keep a number and its unit on one line."""
    return lambda *args: write(*args).replace(" ", "\u00a0")


@cache
def templates() -> Environment:
    """Return the templates of the pages, with filters that make untrusted text harmless."""
    environment = new_environment()
    environment.filters |= {
        "as_download": reuse.as_download,
        "difference": words.difference,
        "entries": words.entries,
        "file_size": words.file_size,
        "heat": plots.heat,
        "number_range": words.number_range,
        "percent": _unbroken(words.percent),
        "percent_range": _unbroken(words.percent_range),
        "mistake": words.mistake,
        "points_lost": points_lost,
        "points_range": words.points_range,
        "searched": words.searched,
        "place": words.place,
        "policy": words.policy,
        "places": words.places,
        "plain": words.plain,
        "rank_range": words.rank_range,
        "shorten": words.shorten,
        "stated": words.stated,
    }
    environment.globals |= {"VERDICTS": words.VERDICTS, "level": words.level, "approximate": words.approximate}
    return environment
