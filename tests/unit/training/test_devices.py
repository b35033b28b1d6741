"""Several devices share a batch and train the same weights as one."""

import json

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.reference.training.devices import require_even, strategy_over
from helpers.places import TESTS
from helpers.processes import START_KERAS, run_python

# 64 images a step, 32 on each of two devices, as the protocol has it
SHARED = """
import json, sys
from pathlib import Path

import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

from helpers.tiny import training as tiny_training
from helpers.tiny.training import Patches, ONE_PHASE, based, plain, task, trained

folder = Path(sys.argv[1])
given = {"training": Patches(200, seed=1), "validation": Patches(65, seed=2), "batch": 64, "profile": "paper"}
seen = []

class Counting(tf.keras.layers.Layer):
    def call(self, images):
        seen.append(images.shape[0])
        return images

def counted():
    network = plain()
    return tf.keras.Sequential([tf.keras.Input((8, 8, 3)), Counting(), *network.layers])

def figures(name, network, strategy, **changes):
    done = trained(folder / name, task(**given | changes), network, strategy=strategy)
    return done, {
        "losses": [[row.loss, row.val_loss, row.val_accuracy] for row in done.rows],
        "weights": np.concatenate([np.array(weight).ravel() for weight in done.network.weights]).tolist(),
    }

def two():
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

told = {}
_, told["one"] = figures("one", plain, None, epochs_cap=3)
done, told["two"] = figures("two", counted, two(), epochs_cap=3)
told["seen"] = sorted({count for count in seen if count})
told["predicted"] = [len(done.predict(given["validation"].read(np.arange(5)).astype(np.float32)))]
_, told["on one device"] = figures("three", plain, None, epochs_cap=3, augment="device")
_, told["on two devices"] = figures("four", plain, two(), epochs_cap=3, augment="device")

class Stop(tiny_training.Listener):
    def epoch(self, rows, outlook):
        if len(rows) == 2:
            raise KeyboardInterrupt

try:
    trained(folder / "five", task(**given, epochs_cap=3), plain, Stop(), two())
except KeyboardInterrupt:
    pass
_, told["two, stopped"] = figures("five", plain, two(), epochs_cap=3)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What trainings on one and on two logical devices leave."""
    folder = tmp_path_factory.mktemp("devices")
    ran = run_python(START_KERAS + SHARED, folder, cwd=TESTS)
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("several", "single"),
    [("two", "one"), ("on two devices", "on one device"), ("two, stopped", "one")],
    ids=["augmented by threads", "augmented on the device", "stopped and started again"],
)
def test_two_devices_train_the_same_weights_as_one(results, several, single):
    np.testing.assert_allclose(results[several]["losses"], results[single]["losses"], rtol=1e-4)
    np.testing.assert_allclose(results[several]["weights"], results[single]["weights"], rtol=0, atol=1e-4)
    assert len(results[several]["losses"]) == 3


@pytest.mark.slow
def test_each_device_has_half_a_batch(results):
    assert 32 in results["seen"]
    assert 64 not in results["seen"]


@pytest.mark.slow
def test_a_network_on_two_devices_answers_a_batch_once(results):
    assert results["predicted"] == [5]


@pytest.mark.parametrize(("gpus", "asked"), [(1, "1 GPU was"), (2, "2 GPUs were")])
def test_a_missing_gpu_is_refused_in_one_line(monkeypatch, gpus, asked):
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [])
    with pytest.raises(UserError, match=f"^{asked} asked for, but TensorFlow sees 0: without --gpus all"):
        strategy_over(gpus)


def test_no_gpu_is_the_cpu():
    strategy = strategy_over(0)
    assert strategy.num_replicas_in_sync == 1
    assert [name for name in strategy.extended.worker_devices if "CPU" not in name.upper()] == []


def test_a_batch_that_cannot_be_shared_is_refused():
    require_even(64, 2)
    with pytest.raises(UserError, match="64 images cannot be divided evenly between 3 GPUs"):
        require_even(64, 3)
