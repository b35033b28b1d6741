"""Impossible claims of a run are detected by exactly one clause."""

import pytest

from ferspec.checks.generator import checks_for_artifacts
from ferspec.grid.cells import all_cells
from ferspec.grid.judging.reading import read
from ferspec.outcomes import Status
from ferspec.subjects.runs.artifacts.folder import open_run_folder
from ferspec.subjects.runs.artifacts.manifest import read_manifest
from ferspec.subjects.runs.artifacts.record import RUN
from helpers.faults import claimed
from helpers.faults import planted as faults
from helpers.faults import posing as faults_posing
from helpers.made import runs as made_runs

PRETRAINED = "vgg16-imagenet-48-rafdb-simple"


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """The folders of right runs by their cells; not to be changed."""
    base = tmp_path_factory.mktemp("right")
    return {cell: made_runs.made(cell).write(base / cell) for cell in (made_runs.CELL, PRETRAINED)}


def failures(run):
    folder = open_run_folder(run, all_cells())
    findings = {check.clause: check.run(folder) for check in checks_for_artifacts()}
    return {clause: finding for clause, finding in findings.items() if finding.status is Status.FAIL}


CLAIMS = {
    "another value range": (claimed.other_range, "FER-R-03", "range (-1.0, 1.0)"),
    "a mean": (claimed.other_mean, "FER-R-03", "mean (9.0, 9.0, 9.0)"),
    "another filter": (claimed.other_filter, "FER-R-03", "resize lanczos"),
    "another layout": (claimed.other_layout, "FER-R-03", "layout channels_first"),
    "logits": (claimed.logits, "FER-R-03", "outputs that are logits"),
    "an empty network": (claimed.empty_network, "FER-R-02", "is not a Keras archive"),
    "a network without weights": (claimed.network_without_weights, "FER-R-02", "model.weights.h5 is missing"),
    "scratch from a file": (claimed.scratch_from_a_file, "FER-R-03", "started from pretrained.h5"),
    "scratch with a digest": (claimed.scratch_with_a_digest, "FER-R-03", "sha256 0000"),
    "drawn images": (claimed.drawn_training_images, "FER-R-03", "training images that were rendered"),
    "small images": (claimed.small_training_images, "FER-R-13", "10,733 images of RAF-DB that are not 100×100"),
    "images of no pixels": (claimed.training_images_of_no_pixels, "FER-R-02", "the size must be above 0 pixels"),
    "one file": (claimed.one_file_for_all_pictures, "FER-R-04", "1 sha256 of files have several pictures"),
    "an accuracy of 5": (claimed.accuracy_above_1, "FER-R-09", "epoch 0: accuracy 5"),
    "a negative loss": (claimed.negative_loss, "FER-R-09", "epoch 0: loss -"),
    "a negative validation loss": (claimed.negative_validation_loss, "FER-R-09", "epoch 0: val_loss -98"),
    "a negative accuracy": (claimed.negative_validation_accuracy, "FER-R-09", "epoch 0: val_accuracy -7"),
    "a constant loss": (claimed.constant_loss, "FER-R-09", "a loss of 2.3 in every epoch"),
    "another interval": (claimed.other_interval, "FER-R-08", "accuracy.low 0.9990"),
    "another method": (claimed.other_method, "FER-R-08", "accuracy.method made up"),
    "a bootstrap for Wilson": (claimed.drawn_for_computed, "FER-R-08", "accuracy.low None"),
    "an interval elsewhere": (claimed.interval_beside_its_value, "FER-R-08", "encloses its value False"),
    "no such clause": (claimed.no_such_clause, "FER-R-13", "deviation from 'banana'"),
    "a cap that ended nothing": (claimed.a_cap_that_ended_nothing, "FER-R-13", "deviation from FER-S-05"),
}
OF_PRETRAINED = {
    "weights of faces": (claimed.faces_for_objects, "FER-R-03", "started from rcmalli_vggface_tf_notop_vgg16.h5"),
    "no file": (claimed.no_starting_file, "FER-R-03", "started from no file"),
    "no digest": (claimed.no_digest_of_the_start, "FER-R-03", "sha256 unknown"),
}


@pytest.mark.parametrize(
    ("cell", "plant", "clause", "observed"),
    [
        *(pytest.param(made_runs.CELL, *claim, id=name) for name, claim in CLAIMS.items()),
        *(pytest.param(PRETRAINED, *claim, id=name) for name, claim in OF_PRETRAINED.items()),
    ],
)
def test_an_impossible_claim_breaks_only_its_own_clause(right, tmp_path, cell, plant, clause, observed):
    run = faults.copy(right[cell], tmp_path / "run")
    plant(run)
    found = failures(run)
    assert found.keys() == {clause}, found
    assert observed in found[clause].observed


@pytest.mark.parametrize("settings", [{"subset": 20_000}, {"skip_unreadable": 3}], ids=["a subset", "images left out"])
def test_counts_declared_before_images_were_left_out_are_believed(right, tmp_path, settings):
    """A download has images too many, which are left out: what is declared of the counts no longer shows."""
    run = faults.copy(right[made_runs.CELL], tmp_path / "run")
    claimed.declaring("FER-D-01", "Angry 870 instead of 867")(run)
    assert failures(run).keys() == {"FER-R-13"}
    faults.edit(run, RUN, lambda record: record["settings"].update(settings))
    assert failures(run) == {}


def test_validation_pictures_that_are_trained_on_and_another_specification_are_noted(right, tmp_path):
    run = faults.copy(right[made_runs.CELL], tmp_path / "run")
    assert read([run]).notes == ()
    trained = [entry.pixels_sha256 for entry in read_manifest(run / "manifest.csv")["training"]]
    faults_posing.put_pictures(run, "validation", trained, 690)
    faults.edit(run, RUN, lambda record: record.update(spec_version="0.0.1", spec_digest="00"))
    leaked, other = read([run]).notes
    said = "690 of 4,606 validation images have the pixels of training images (15.0%; FER-R-05 allows 15%)"
    assert leaked == f"{run}: {said}"
    assert other.startswith(f"{run}: trained with specification 0.0.1 (00), judged with ")
