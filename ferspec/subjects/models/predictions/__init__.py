"""Read recorded predictions from a table, and align them with a dataset."""

from ferspec.subjects.models.predictions.aligned import align
from ferspec.subjects.models.predictions.cells import class_of, finite_number, require_agreement, require_unique
from ferspec.subjects.models.predictions.reading import predictions_in_frame, read_predictions
from ferspec.subjects.models.predictions.recorded import RecordedPredictions, TrueLabels
from ferspec.subjects.models.predictions.tables import is_predictions_file

__all__ = [
    "RecordedPredictions",
    "TrueLabels",
    "align",
    "class_of",
    "finite_number",
    "is_predictions_file",
    "predictions_in_frame",
    "read_predictions",
    "require_agreement",
    "require_unique",
]
