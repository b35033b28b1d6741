"""The use of keras-vggface under Keras 3, without side effects on Keras."""

import json
import sys

import pytest

from ferspec.errors import UserError
from ferspec.reference.models import vggface
from helpers.processes import run_python

SCRIPT = """
import json, sys
import keras

def state():
    names = [n for n in sys.modules if n.partition(".")[0] in ("keras_vggface", "keras_applications")]
    names += [n for n in ("keras.utils.layer_utils", "keras.utils.data_utils", "keras.engine") if n in sys.modules]
    members = {m.__name__: sorted(vars(m)) for m in (keras, keras.utils, keras.layers, keras.backend, keras.models)}
    return names, members, id(keras.layers.Conv2D), id(keras.layers.Layer.__init__)

def refused():
    try:
        keras.layers.Conv2D(1, 1, name="a/b")
    except ValueError:
        return True

before = state()
from ferspec.reference.models import vggface
base = vggface.build_base("ResNet50", 224)
try:
    import keras_vggface
    imports = True
except Exception:
    imports = False
after = state()
slashed = [layer.name for layer in base.layers if "/" in layer.name]
print(json.dumps([before == after, refused(), imports, base.count_params(), slashed]))
"""


def test_settings_of_keras_are_restored():
    ran = run_python(SCRIPT, check=True)
    unchanged, slash_refused, imports, parameters, slashed = json.loads(ran.stdout.splitlines()[-1])
    assert unchanged
    assert slash_refused
    assert not imports, "the library by itself is still one for Keras 2"
    assert parameters == 23_561_152
    assert slashed == []


def test_earlier_modules_are_restored(monkeypatch):
    mark = object()
    monkeypatch.setitem(sys.modules, "keras_vggface", mark)
    monkeypatch.setitem(sys.modules, "keras.engine", mark)
    with vggface._keras_2_modules():
        assert sys.modules.get("keras_vggface") is not mark
        assert sys.modules["keras.engine"] is not mark
    assert sys.modules["keras_vggface"] is mark
    assert sys.modules["keras.engine"] is mark
    assert "keras.engine.topology" not in sys.modules


def test_a_missing_library_is_one_line_with_the_command_to_install_it(monkeypatch):
    monkeypatch.setattr("ferspec.extras.find_spec", lambda name: None)
    vggface._models.cache_clear()
    with pytest.raises(UserError, match=r"needs keras_vggface: pip install 'ferspec\[vggface\]'"):
        vggface.build_base("VGG16", 48)
    vggface._models.cache_clear()
