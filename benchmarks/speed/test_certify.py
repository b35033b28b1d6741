"""What certifying costs over the model's own predictions, as a ratio of times taken in one run."""

import time

import cv2
import numpy as np
import pytest

from ferspec.api.certify import require_evaluable
from ferspec.checks.generator import checks_for_model
from ferspec.engine import run_checks
from ferspec.spec import load
from ferspec.subjects.models import open_model
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.from_names import join, open_images
from ferspec.synthetic import synthetic_images

pytestmark = [pytest.mark.speed, pytest.mark.timeout(1800)]

PER_CLASS = 300
DRAWN_PER_CLASS = 30
SIZE = 224
BATCH = 32
# of the whole certification without diagnoses, and of the sandbox alone, over the model's own predictions
LARGEST_RATIO, LARGEST_SANDBOX_RATIO = 1.3, 1.05
NETWORKS = 20


@pytest.fixture(scope="module")
def btfer_form(tmp_path_factory):
    """A folder of 7 × 300 JPEG files of 256 × 256; a face comes ten times, in other qualities."""
    folder = tmp_path_factory.mktemp("btfer")
    for number, face in enumerate(synthetic_images(DRAWN_PER_CLASS, 256, seed=5)):
        place = folder / face.label
        place.mkdir(exist_ok=True)
        for copy in range(PER_CLASS // DRAWN_PER_CLASS):
            pixels = cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(place / f"{number}-{copy}.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, 85 + copy])
    return folder


@pytest.fixture(scope="module")
def images(btfer_form):
    return open_images("", btfer_form)


@pytest.fixture(scope="module", params=range(NETWORKS))
def resnet50(request, tmp_path_factory):
    """A file of ResNet50 with seven classes at 224 × 224, its weights random."""
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(request.param)
    path = tmp_path_factory.mktemp("model") / "resnet50.keras"
    keras.applications.ResNet50(weights=None, input_shape=(SIZE, SIZE, 3), classes=7).save(path)
    return path


def test_certifying_costs_at_most_30_percent_over_the_predictions(images, resnet50, benchmark, note):
    import keras

    network = keras.saving.load_model(resnet50)
    batch = np.random.default_rng(0).random((BATCH, SIZE, SIZE, 3), np.float32)
    n = len(images)
    assert n == 7 * PER_CLASS

    def predict(count):
        """Time the network on batches that are in memory already."""
        network.predict_on_batch(batch)
        began = time.perf_counter()
        for _ in range(count // BATCH):
            network.predict_on_batch(batch)
        return (time.perf_counter() - began) / (count // BATCH * BATCH)

    def certify():
        contract = Contract(input=Input(size=(SIZE, SIZE)), output=Output(classes=load().classes))
        model = open_model(resnet50)
        model.predict(batch)
        subject = join(images, model, contract)
        began = time.perf_counter()
        require_evaluable(subject)
        predicted = time.perf_counter() - began
        run_checks(checks_for_model(()), subject)
        return (time.perf_counter() - began) / n, predicted / n

    # half of the predictions before and half after, so that a drift of the machine's speed cancels
    before = predict(n // 2)
    certified, sandboxed = benchmark.pedantic(certify)
    predicted = (before + predict(n // 2)) / 2
    ratio, sandbox = certified / predicted, sandboxed / predicted
    note(ratio=ratio, most=LARGEST_RATIO, sandbox=sandbox, certifying=certified, predicting=predicted)
    assert ratio <= LARGEST_RATIO
    assert sandbox <= LARGEST_SANDBOX_RATIO
