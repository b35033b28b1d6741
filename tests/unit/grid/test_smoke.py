"""The smoke benchmark: bands follow from recorded runs, and broken training lies outside them."""

import math
from collections import Counter
from dataclasses import replace

import keras
import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.grid.smoke import trainings as smoke
from ferspec.grid.smoke.trainings import cached, judge_smoke_cell, recorded_runs, smoke_plan, train_smoke_cell
from ferspec.reference.augmentation.stream import Stream
from ferspec.reference.training import feed

_, LEARNS, SHORT, _ = smoke_plan().cells
# what Student's t with 9 degrees of freedom exceeds with a probability of 0.05 / 11 / 2, its density integrated
STUDENT = 3.751


@pytest.fixture(scope="module")
def open_data():
    """The synthetic faces, drawn once for all trainings of this file."""
    return cached()


def outside(judged):
    return {band.figure for band in judged.bands if not band.within}


def test_ten_runs_of_each_cell_are_recorded_with_seeds_and_hardware():
    runs, plan = recorded_runs(), smoke_plan()
    assert Counter((run.cell, run.epochs) for run in runs) == {(cell.id, cell.epochs): 10 for cell in plan.cells}
    assert len({(run.cell, run.seed) for run in runs}) == len(runs), "no seed is counted twice"
    assert plan.seed not in {run.seed for run in runs}, "what is judged was not recorded"
    assert all(run.environment.processor and run.environment.packages["tensorflow"] for run in runs)


def test_a_band_is_the_prediction_interval_of_the_recorded_runs(monkeypatch, tmp_path):
    runs = [run for run in recorded_runs() if run.cell == LEARNS.id]
    monkeypatch.setattr(smoke, "read_smoke_run", lambda folder: runs[0])
    monkeypatch.setattr(smoke, "checks_for_artifacts", lambda: ())
    for band in judge_smoke_cell(tmp_path).bands:
        values = np.array([getattr(run.figures, band.figure) for run in runs])
        reach = STUDENT * values.std(ddof=1) * math.sqrt(1.1)
        assert (band.low, band.high) == pytest.approx((values.mean() - reach, values.mean() + reach), rel=0.005)
        assert band.within


def test_a_cell_of_which_too_few_runs_are_recorded_is_refused(monkeypatch, tmp_path):
    runs = [run for run in recorded_runs() if run.cell == LEARNS.id]
    monkeypatch.setattr(smoke, "read_smoke_run", lambda folder: runs[0])
    needed = r"9 runs of 50 epochs are recorded, but 10 are needed: record them with python -m ferspec\.grid\.smoke"
    with pytest.raises(UserError, match=needed):
        judge_smoke_cell(tmp_path, runs[:9])


def test_recording_resumes_after_an_interruption(monkeypatch, tmp_path):
    known = {(run.cell, run.seed): run for run in recorded_runs()}
    trained = []

    def train(cell, seed, out, open_data):
        trained.append((cell.id, seed))
        if len(trained) == 5:
            raise KeyboardInterrupt
        return known[cell.id, seed]

    monkeypatch.setattr(smoke, "train_smoke_cell", train)
    target = tmp_path / "runs.json"
    with pytest.raises(KeyboardInterrupt):
        smoke.record(tmp_path, target, report=lambda line: None)
    assert len(recorded_runs(target)) == 4
    smoke.record(tmp_path, target, report=lambda line: None)
    assert sorted(run.model_dump_json() for run in recorded_runs(target)) == sorted(
        run.model_dump_json() for run in recorded_runs()
    )
    assert Counter(Counter(trained).values()) == {1: 39, 2: 1}, "only what the interruption ended is trained again"


@pytest.mark.slow
def test_training_without_the_class_weights_falls_out_of_the_bands(monkeypatch, open_data, tmp_path):
    fit = keras.Model.fit
    monkeypatch.setattr(keras.Model, "fit", lambda model, *given, class_weight, **named: fit(model, *given, **named))
    train_smoke_cell(SHORT, smoke_plan().seed, tmp_path / "run", open_data)
    assert "loss" in outside(judge_smoke_cell(tmp_path / "run"))


@pytest.mark.slow
def test_training_that_augments_validation_images_contradicts_itself(monkeypatch, open_data, tmp_path):
    def augmented(images, preprocessing, batch_size, count):
        stream = Stream(len(images), batch_size, seed=7)
        return feed.training_batches(images, stream, preprocessing, "threads").take(count // batch_size)

    monkeypatch.setattr(feed, "evaluation_batches", augmented)
    train_smoke_cell(SHORT, smoke_plan().seed, tmp_path / "run", open_data)
    assert "FER-R-10" in {problem.clause for problem in judge_smoke_cell(tmp_path / "run").problems}


@pytest.mark.slow
def test_training_on_shuffled_labels_falls_out_of_the_bands(monkeypatch, open_data, tmp_path):
    def shuffled(*given):
        data = open_data(*given)
        labels = np.random.default_rng(0).permutation(data.training.labels)
        return replace(data, training=replace(data.training, labels=labels))

    train_smoke_cell(LEARNS, smoke_plan().seed, tmp_path / "run", shuffled)
    assert {"loss", "btfer_accuracy"} <= outside(judge_smoke_cell(tmp_path / "run"))
