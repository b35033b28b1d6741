"""The public names are listed and documented, and none of them is imported before it is used."""

import inspect
import pydoc
import sys

import numpy as np
import pytest

import ferspec
from ferspec.reference.training.settings import TrainingSettings
from helpers.processes import run_python

VERBS = (
    "assess",
    "audit",
    "build_model",
    "certify",
    "class_weights",
    "compare",
    "conform",
    "convert",
    "evaluate",
    "inspect",
    "rank",
    "recommend",
    "train",
    "verify",
)
LISTED = {
    "ferspec": {*VERBS, "callbacks", "dataset", "grid", "metrics"},
    "ferspec.callbacks": {"ProtocolSchedule"},
    "ferspec.dataset": {"anonymise", "build", "describe", "find", "get", "inspect", "withdraw"},
    "ferspec.grid": {"band", "findings", "judge"},
    "ferspec.metrics": {"accuracy", "confusion_matrix", "evaluate", "f1", "precision", "recall", "wilson_interval"},
}
WITHOUT_FRAMEWORKS = """
import sys
import ferspec, ferspec.callbacks, ferspec.dataset, ferspec.grid
loaded = {"tensorflow", "keras", "torch", "numpy", "pandas"} & {*sys.modules}
assert not loaded, loaded
"""


@pytest.mark.parametrize("module", LISTED)
def test_public_names_are_listed_and_documented(module):
    __import__(module)
    found = sys.modules[module]
    assert LISTED[module] <= {*dir(found)}
    if "__dir__" in vars(found):
        assert {name for name in dir(found) if not name.startswith("_")} == LISTED[module]
    assert all(inspect.getdoc(getattr(found, name)) for name in LISTED[module])


def test_help_shows_the_verbs():
    shown = pydoc.plain(pydoc.render_doc(ferspec))
    assert all(f"{name}(" in shown for name in VERBS)


def test_findings_is_a_function_after_its_parts_are_imported():
    import ferspec.grid.finding.findings

    assert callable(ferspec.grid.findings)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"module 'ferspec\.grid' has no attribute 'judges'"):
        _ = ferspec.grid.judges


def test_importing_the_namespaces_loads_no_framework():
    assert run_python(WITHOUT_FRAMEWORKS).returncode == 0


def test_train_takes_every_setting_of_a_training():
    taken = inspect.signature(ferspec.train).parameters
    defaults = {name: field.default for name, field in TrainingSettings.model_fields.items()}
    assert {name: taken[name].default for name in defaults} == defaults


def test_class_weights_are_capped_at_3_unless_simple():
    assert ferspec.class_weights([300, 150, 50]).tolist() == [1, 2, 3]
    assert ferspec.class_weights(np.array([300, 150, 50]), conservative=False).tolist() == [1, 2, 6]
