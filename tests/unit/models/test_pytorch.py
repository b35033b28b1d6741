"""Published PyTorch models are judged: weights of a named architecture, and folders of transformers."""

import json
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.contracts.files import infer_contract
from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.outputs import Choice, choice_of
from ferspec.subjects.models.torchscript.cost import cost_of

torch = pytest.importorskip("torch", reason="the extra 'torch' is not installed")

CLASSES = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
IMAGES = np.random.default_rng(3).uniform(0, 1, (3, 32, 32, 3)).astype(np.float32)
RESNET = Choice(width=7, architecture="ferspec:ResNet18")


def answers(network):
    with torch.inference_mode():
        return network.eval()(torch.from_numpy(IMAGES.transpose(0, 3, 1, 2))).numpy()


@pytest.fixture(scope="module")
def resnet():
    from ferspec.subjects.models.pytorch.resnet18 import ResNet18

    torch.manual_seed(0)
    return ResNet18(7, 3).eval()


CHECKPOINTS = {
    "weights alone": lambda weights: weights,
    "a training state": lambda weights: {"epoch": 7, "state_dict": weights, "best": 0.73, "optimizer": {"lr": 0.1}},
    "of DataParallel": lambda weights: {"net": OrderedDict((f"module.{key}", value) for key, value in weights.items())},
}


@pytest.mark.parametrize("suffix", [".pth", ".t7"])
@pytest.mark.parametrize("kind", CHECKPOINTS)
def test_weights_fill_the_network_that_the_contract_names(tmp_path, resnet, kind, suffix):
    path = tmp_path / f"weights{suffix}"
    old = suffix == ".t7"
    torch.save(CHECKPOINTS[kind](resnet.state_dict()), path, _use_new_zipfile_serialization=not old)
    model = load_model(path, choice=RESNET)
    assert model.format == "pytorch-weights"
    np.testing.assert_allclose(model.predict(IMAGES), answers(resnet), atol=1e-5)


def test_safetensors_fill_the_same_network(tmp_path, resnet):
    save_file = pytest.importorskip("safetensors.torch", reason="safetensors is not installed").save_file
    save_file(resnet.state_dict(), tmp_path / "weights.safetensors")
    answer = load_model(tmp_path / "weights.safetensors", choice=RESNET).predict(IMAGES)
    np.testing.assert_allclose(answer, answers(resnet), atol=1e-5)


def test_a_head_of_more_columns_is_built_for_the_columns_that_are_chosen(tmp_path):
    from ferspec.subjects.models.pytorch.resnet18 import ResNet18

    wide = ResNet18(10, 3)
    torch.save(wide.state_dict(), tmp_path / "weights.pth")
    answer = load_model(tmp_path / "weights.pth", choice=RESNET.model_copy(update={"columns": (1, 8)})).predict(IMAGES)
    np.testing.assert_allclose(answer, answers(wide)[:, 1:8], atol=1e-5)


def without(weights, key):
    return {name: value for name, value in weights.items() if name != key}


WRONG = {
    "one missing": (lambda weights: without(weights, "linear.bias"), r"lacks arrays of the network \(linear\.bias\)"),
    "one too many": (lambda weights: weights | {"fc.x": torch.zeros(1)}, r"arrays that the network lacks \(fc\.x\)"),
    "another shape": (
        lambda weights: weights | {"conv1.weight": torch.zeros(64, 3, 5, 5)},
        r"arrays of other shapes \(conv1\.weight \(64, 3, 5, 5\)\)",
    ),
    "a row for a number": (
        lambda weights: weights | {"bn1.num_batches_tracked": torch.zeros(1)},
        r"arrays of other shapes \(bn1\.num_batches_tracked \(1,\)\)",
    ),
    "two sets": (lambda weights: {"a": weights, "b": weights}, "holds 2 sets of weights, not one; its parts: a, b"),
    "none": (lambda weights: {"epoch": 3}, "holds 0 sets of weights"),
    "a network": (lambda weights: torch.nn.Linear(2, 2), "is a pickle that holds more than weights"),
}


@pytest.mark.parametrize(("change", "words"), WRONG.values(), ids=WRONG)
def test_arrays_that_do_not_match_the_network_are_named(tmp_path, resnet, change, words):
    torch.save(change(dict(resnet.state_dict())), tmp_path / "weights.pth")
    with pytest.raises(UserError, match=words):
        load_model(tmp_path / "weights.pth", choice=RESNET)


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        (None, "weights without a network: name the network in the contract"),
        ("ResNet18", "'ResNet18' is unknown: give architecture ="),
        ("os:system", "'os:system' is unknown"),
        ("ferspec:VGG19", "'VGG19', which ferspec does not have"),
    ],
)
def test_an_unknown_architecture_is_one_line(tmp_path, architecture, words):
    torch.save({"a": torch.zeros(1)}, tmp_path / "weights.pth")
    with pytest.raises(UserError, match=words):
        load_model(tmp_path / "weights.pth", choice=Choice(width=7, architecture=architecture))


def test_a_whole_network_is_not_called_weights_without_a_network(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "whole.pth")
    with pytest.raises(UserError, match="holds more than weights"):
        load_model(tmp_path / "whole.pth")


def test_weights_of_gray_images_are_recognised_and_a_contract_of_colour_is_corrected(tmp_path):
    from ferspec.subjects.models.pytorch.resnet18 import ResNet18

    torch.save(ResNet18(7, 1).state_dict(), tmp_path / "weights.pth")
    assumed = RESNET.model_copy(update={"assumed": True})
    assert load_model(tmp_path / "weights.pth", choice=assumed).signature.channels == 1
    with pytest.raises(UserError, match="was trained with channels = 1: declare it in"):
        load_model(tmp_path / "weights.pth", choice=RESNET)


class Bomb:
    def __reduce__(self):
        return print, ("the weights ran",)


@pytest.mark.parametrize("zipped", [True, False])
def test_weights_never_run_code(tmp_path, resnet, zipped, capsys):
    content = {"state_dict": resnet.state_dict(), "args": Bomb()}
    torch.save(content, tmp_path / "weights.pth", pickle_module=pickle, _use_new_zipfile_serialization=zipped)
    for trust_code in (True, False):
        with pytest.raises(UserError, match="is a pickle that holds more than weights"):
            load_model(tmp_path / "weights.pth", trust_code, RESNET)
    assert "the weights ran" not in capsys.readouterr().out


@pytest.mark.parametrize(("source", "name"), [("timm", "resnet18"), ("torchvision", "resnet18")])
def test_a_network_of_a_library_is_filled(tmp_path, source, name):
    package = pytest.importorskip(source, reason=f"the extra {source!r} is not installed")
    build = package.create_model if source == "timm" else package.models.get_model
    network = build(name, num_classes=7, **({"pretrained": False} if source == "timm" else {"weights": None}))
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    choice = Choice(width=7, architecture=f"{source}:{name}")
    answer = load_model(tmp_path / "weights.pth", choice=choice).predict(IMAGES)
    np.testing.assert_allclose(answer, answers(network), atol=1e-5)
    unknown = choice.model_copy(update={"architecture": f"{source}:hf-hub:someone/model"})
    with pytest.raises(UserError, match="does not have"):
        load_model(tmp_path / "weights.pth", choice=unknown)


PREPROCESSOR = {
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.5, 0.4, 0.3],
    "image_std": [0.2, 0.3, 0.4],
    "resample": 3,
    "rescale_factor": 1 / 255,
    "size": {"height": 32, "width": 32},
}


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    """A small vision transformer, and the folder in which transformers saved it."""
    transformers = pytest.importorskip("transformers", reason="the extra 'transformers' is not installed")
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=8,
        id2label=dict(enumerate(CLASSES)),
    )
    network = transformers.AutoModelForImageClassification.from_config(config).eval()
    folder = tmp_path_factory.mktemp("saved") / "vit"
    network.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    return network, folder


def test_a_folder_of_transformers_answers_and_tells_its_whole_contract(vit):
    network, folder = vit
    model = load_model(folder, choice=choice_of(None))
    expected = answers(lambda_network(network))
    assert model.count_cost((3, 32, 32)).parameters == network.num_parameters()
    np.testing.assert_allclose(model.predict(IMAGES), expected, atol=1e-5)
    contract, notes = infer_contract(model)
    assert contract == Contract(
        input=Input(
            size=(32, 32),
            mean=(0.5, 0.4, 0.3),
            std=(0.2, 0.3, 0.4),
            resize="bicubic",
            antialias=True,
            layout="channels_first",
        ),
        output=Output(classes=CLASSES, kind="logits"),
    )
    assert all(note.startswith("inferred") for note in notes.values())


def lambda_network(network):
    """Return a module that answers with the logits only."""

    class Logits(torch.nn.Module):
        def forward(self, batch):
            return network(batch).logits

    return Logits()


def copied(folder, target, config=(), preprocessor=()):
    """Copy a model's folder with changes of its two configurations."""
    target.mkdir()
    (target / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    for name, change in (("config.json", config), ("preprocessor_config.json", preprocessor)):
        (target / name).write_text(json.dumps(json.loads((folder / name).read_text()) | dict(change)))
    return target


def test_the_centre_of_a_larger_image_is_said_to_be_assumed(vit, tmp_path):
    cropped = {"do_center_crop": True, "crop_size": {"height": 32, "width": 32}, "size": {"shortest_edge": 36}}
    folder = copied(vit[1], tmp_path / "vit", preprocessor=cropped)
    contract, notes = infer_contract(load_model(folder, choice=choice_of(None)))
    assert contract.input.size == (32, 32)
    assert notes["input.size"].startswith("assumed: the whole image is resized")


FOREIGN = {
    "code of its own": ({"auto_map": {"AutoModel": "model.Net"}}, "has auto_map in config.json, which may run code"),
    "quantised": ({"quantization_config": {"quant_method": "bitsandbytes"}}, "has quantization_config"),
    "code of its own, inside": ({"vision_config": {"auto_map": {"AutoModel": "model.Net"}}}, "has auto_map"),
    "attention of a hub": ({"_attn_implementation": "someone/kernel"}, "has _attn_implementation"),
    "a type that is a list": ({"model_type": ["vit"]}, "not supported"),
    "a very large number": ({"image_size": 10**400}, "is not valid JSON"),
    "an unknown type": ({"model_type": "mine"}, "is of the type 'mine', which is not supported"),
    "another depth": ({"num_hidden_layers": 2}, r"lacks arrays of the network \(vit\."),
    "another width": (
        {"id2label": {str(place): str(place) for place in range(8)}},
        "arrays of other shapes|ignore_mism",
    ),
}


@pytest.mark.parametrize(("config", "words"), FOREIGN.values(), ids=FOREIGN)
def test_a_folder_with_code_or_other_weights_is_refused(vit, tmp_path, config, words):
    with pytest.raises(UserError, match=words):
        load_model(copied(vit[1], tmp_path / "vit", config), choice=choice_of(None))


def test_weights_outside_the_folder_are_refused(vit, tmp_path):
    folder = copied(vit[1], tmp_path / "vit")
    (folder / "model.safetensors").rename(tmp_path / "outside.safetensors")
    index = {"metadata": {}, "weight_map": dict.fromkeys(vit[0].state_dict(), "../outside.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UserError, match="not a file of the folder"):
        load_model(folder, choice=choice_of(None))


class Heads(torch.nn.Module):
    """Attention over patches, and two heads: seven classes, and two values."""

    def __init__(self):
        super().__init__()
        self.patches = torch.nn.Conv2d(3, 16, 8, 8)
        self.attention = torch.nn.TransformerEncoderLayer(16, 2, 16, batch_first=True)
        self.values, self.expression = torch.nn.Linear(16, 2), torch.nn.Linear(16, 7)
        self.norm = torch.nn.BatchNorm1d(7)

    def forward(self, batch):
        # a conversion is exported with an assertion, which has no output
        pooled = self.attention(self.patches(batch.to(torch.float32)).flatten(2).transpose(1, 2)).mean(1)
        scores = torch.softmax(self.norm(self.expression(pooled)), 1)
        return {"values": self.values(pooled), "expression": scores.view(batch.shape[0], -1)}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A network with two heads, and its exported programs: for any number of images, and for two."""
    torch.manual_seed(0)
    network, folder = Heads().eval(), tmp_path_factory.mktemp("exported")
    for kind, shapes in (("any", ({0: torch.export.Dim.DYNAMIC},)), ("two", None)):
        program = torch.export.export(network, (torch.zeros(2, 3, 32, 32),), dynamic_shapes=shapes)
        torch.export.save(program, folder / f"{kind}.pt2")
    return network, folder


@pytest.mark.parametrize(("kind", "batch"), [("any", None), ("two", 2)])
def test_an_exported_program_answers_as_its_network(exported, kind, batch):
    network, folder = exported
    model = load_model(folder / f"{kind}.pt2", choice=Choice(width=7))
    signature = model.signature
    assert (model.format, signature.batch, signature.output) == ("torch-export", batch, "expression")
    assert (signature.height, signature.channels, signature.layout) == (32, 3, "channels_first")
    expected = network(torch.from_numpy(IMAGES.transpose(0, 3, 1, 2)))["expression"].detach().numpy()
    np.testing.assert_allclose(model.predict(IMAGES), expected, atol=1e-6)
    # patches, keys, queries and values, both products of attention, three dense layers of 16, two heads
    expected = 49_152 + 12_288 + 2 * 4_096 + 3 * 4_096 + 144
    assert model.count_cost((3, 32, 32)) == cost_of(network, (3, 32, 32))
    assert model.count_cost((3, 32, 32)).multiply_adds == expected


def rewritten(source, target, member, change):
    """Copy an archive with one JSON member changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename.endswith(member):
                document = json.loads(content)
                change(document)
                content = json.dumps(document).encode()
            new.writestr(info.filename, content)
    return target


def target(name):
    return lambda document: document["graph_module"]["graph"]["nodes"][0].update(target=name)


def pickled(document):
    next(iter(document["config"].values())).update(use_pickle=True)


def too_large(document):
    next(iter(document["config"].values()))["tensor_meta"]["sizes"][0] = {"as_int": 10**9}


PROGRAM, WEIGHTS = "models/model.json", "model_weights_config.json"
HOSTILE_PROGRAMS = {
    "a file that is mapped": (PROGRAM, target("torch.ops.aten.from_file.default"), "uses the operator"),
    "an operator of another library": (PROGRAM, target("torch.ops.mine.run.default"), "uses the operator"),
    "a sub-graph": (PROGRAM, target("torch.ops.higher_order.wrap_with_set_grad_enabled"), "uses the operator"),
    "an attribute of an operator": (PROGRAM, target("torch.ops.aten.add.__setattr__"), "uses the operator"),
    "an operator that is not there": (PROGRAM, target("torch.ops.aten.add.none"), "uses the operator"),
    "a function of Python": (PROGRAM, target("_operator.methodcaller"), "uses the operator"),
    "a pickled array": (WEIGHTS, pickled, "holds pickled objects"),
    "an array beyond its bytes": (WEIGHTS, too_large, "cannot be loaded as an exported program"),
}


@pytest.mark.parametrize("trust_code", [False, True])
@pytest.mark.parametrize(("member", "change", "words"), HOSTILE_PROGRAMS.values(), ids=HOSTILE_PROGRAMS)
def test_an_exported_program_that_may_run_code_is_refused(exported, tmp_path, member, change, words, trust_code):
    path = rewritten(exported[1] / "any.pt2", tmp_path / "model.pt2", member, change)
    with pytest.raises(UserError, match=words):
        load_model(path, trust_code, Choice(width=7))


def test_a_program_that_was_packed_again_is_still_loaded(exported, tmp_path):
    path = rewritten(exported[1] / "any.pt2", tmp_path / "model.pt2", PROGRAM, lambda document: None)
    assert load_model(path, choice=Choice(width=7)).predict(IMAGES).shape == (3, 7)
