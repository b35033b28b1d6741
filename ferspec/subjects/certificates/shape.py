"""Check that the predictions of a report have the form that its classes need."""

from __future__ import annotations

from ferspec import spec
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.models.contracts.class_set import problem_of


def defect_of_answers(report: Report) -> str | None:
    """Return the first prediction, or field, that does not fit the classes of the columns; None if all do."""
    if (asked := report.sequential) is not None:
        places = set(asked.order)
        if len(places) < len(asked.order) or not all(place < len(report.manifest) for place in places):
            return "sequential.order: expected different places in the manifest"
        if report.subject.contract is None:
            return "sequential: only a model can be asked, not a file of predictions"
    if report.robustness is not None and report.subject.contract is None:
        return "robustness: only a model can be asked about changed images, not a file of predictions"
    declared = report.subject.class_set
    if report.subject.columns is not None:
        if report.subject.contract is not None or declared.is_the_protocols:
            return "subject.columns: only allowed for predictions from a file whose classes are not the seven"
        if problem := problem_of(declared):
            return f"subject.columns.{problem}"
    names = {*spec.load().classes, *declared.unread}
    width = None if declared.is_the_protocols else len(declared.classes)
    for position, prediction in enumerate(report.predictions):
        place = f"predictions.{position}"
        if prediction.predicted is not None and prediction.outside is not None:
            return f"{place}: predicted and outside are both given, but an image has one answer"
        if prediction.answer is None and (prediction.probabilities or prediction.columns) is not None:
            return f"{place}: probabilities or columns are given without an answer"
        if prediction.answer is not None and prediction.answer not in names:
            return f"{place}.outside: {prediction.answer!r} is not the name of a column"
        if prediction.columns is not None and len(prediction.columns) != width:
            return f"{place}.columns: {len(prediction.columns)} values, expected {width or 'none'}"
        if width and (prediction.columns is None) != (prediction.probabilities is None):
            return f"{place}: only one of probabilities and columns is recorded"
    return None
