"""TorchScript archives that act outside are refused before any of their code runs; honest ones load."""

import io
import pickle
import warnings
import zipfile

import numpy as np
import pytest

from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.torchscript.graphs import ALLOWED

torch = pytest.importorskip("torch", reason="the extra 'torch' is not installed")
hostile = pytest.mark.hostile("hostile TorchScripts")
CODE = "code/__torch__.py"
HERE = "    _0 = torch.mean"


class Small(torch.nn.Module):
    def __init__(s):
        super().__init__()
        s.w = torch.nn.Parameter(torch.ones(3))

    def forward(s, x):
        return x.mean((2, 3)) * s.w


# so that its name is __torch__.Small, wherever it is defined
Small.__module__ = "__main__"


@pytest.fixture(scope="module")
def members():
    """The members of a small archive, by name without its folder."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(Small().eval()), buffer)
    with zipfile.ZipFile(buffer) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def write(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(f"small/{name}", content)
    return path


def with_lines(members, lines, end=""):
    """Put lines into the method forward, before it answers, and text at the end of the class."""
    code = members[CODE].decode()
    assert HERE in code
    return members | {CODE: (code.replace(HERE, lines + HERE) + end).encode()}


SETSTATE = """  def __getstate__(self: __torch__.Small) -> Tuple[Tensor, bool]:
    return (self.w, self.training)
  def __setstate__(self: __torch__.Small,
    state: Tuple[Tensor, bool]) -> NoneType:
    {line}
    return None
"""

# Lines of code, given the path of a file to read and of one to write, and the operator that is refused.
LINES = {
    "save": ('    torch.save(x, "{target}")\n', "aten::save"),
    "save with spaces": ('    torch . save(x, "{target}")\n', "aten::save"),
    "save over lines": ('    torch.save(x,\n      "{target}")\n', "aten::save"),
    "save by its namespace": ('    ops.aten.save(x, "{target}")\n', "aten::save"),
    "save of constants": ('    torch.save("text", "{target}")\n', "aten::save"),
    "save in a branch": ('    if True:\n      torch.save(x, "{target}")\n    else:\n      pass\n', "aten::save"),
    "save in a loop": ('    for _9 in range(3):\n      torch.save(x, "{target}")\n', "aten::save"),
    "save in nested blocks": (
        '    for _9 in range(3):\n      if torch.gt(_9, 1):\n        torch.save(x, "{target}")\n      else:\n'
        "        pass\n",
        "aten::save",
    ),
    "read": ('    y = torch.from_file("{read}", False, 10)\n    x = torch.add(x, torch.sum(y))\n', "aten::from_file"),
    "read with spaces": (
        '    y = torch . from_file("{read}", False, 10)\n    x = torch.add(x, torch.sum(y))\n',
        "aten::from_file",
    ),
    "write through a mapping": (
        '    y = torch.from_file("{target}", True, 10)\n    y = torch.fill_(y, 7)\n'
        "    x = torch.add(x, torch.sum(y))\n",
        "aten::from_file",
    ),
    "print": ("    ops.prim.Print(x)\n", "prim::Print"),
    "seeds of the process": ("    torch.manual_seed(0)\n", "aten::manual_seed"),
    "memory of another tensor": ("    y = torch.set_(x, w0)\n    x = y\n", "aten::set_"),
    "an unchecked tensor": (
        "    i = torch.to(torch.ones([1, 1]), 4)\n    y = torch._sparse_coo_tensor_unsafe(i, s.w, [3])\n"
        "    x = torch.add(x, torch.sum(torch.to_dense(y)))\n",
        "aten::_sparse_coo_tensor_unsafe",
    ),
    "another namespace": ('    y = ops.profiler._record_function_enter("x", None)\n', "profiler::"),
    "a private operator": ("    y = torch._cslt_compress(x)\n    x = y\n", "aten::_cslt_compress"),
}


@hostile
@pytest.mark.parametrize("kind", LINES)
def test_an_operator_that_does_more_than_compute_is_refused(canary, members, tmp_path, kind):
    lines, operator = LINES[kind]
    lines = lines.replace("{read}", str(canary.file)).replace("{target}", str(canary.target)).replace("w0", "s.w")
    line = canary.refusal(write(tmp_path / "m.pt", with_lines(members, lines)))
    assert f"uses the operator {operator}" in line
    assert "damaged" not in line


@hostile
@pytest.mark.parametrize("line", ['torch.save(state, "{target}")', "ops.prim.Print(state)"])
def test_code_that_runs_while_the_archive_is_loaded_is_refused_before(canary, members, tmp_path, line):
    line = line.replace("{target}", str(canary.target))
    path = write(tmp_path / "m.pt", with_lines(members, "", SETSTATE.replace("{line}", line)))
    assert "uses the operator" in canary.refusal(path)


@hostile
def test_a_method_of_tensors_that_writes_is_refused(canary, members, tmp_path):
    path = write(tmp_path / "m.pt", with_lines(members, f'    x.save("{canary.target}")\n'))
    assert "cannot be loaded as TorchScript" in canary.refusal(path)


class Forking(torch.nn.Module):
    def forward(self, x):
        later = torch.jit.fork(torch.neg, x)
        return torch.jit.wait(later).mean((2, 3))


@hostile
def test_threads_are_refused(canary, tmp_path):
    torch.jit.save(torch.jit.script(Forking()), tmp_path / "m.pt")
    assert "uses the operator prim::fork" in canary.refusal(tmp_path / "m.pt")


@hostile
def test_a_method_that_nothing_calls_is_checked_too(canary, members, tmp_path):
    method = "  def unused(self: __torch__.Small) -> NoneType:\n"
    method += f'    torch.save(self.w, "{canary.target}")\n    return None\n'
    assert "aten::save" in canary.refusal(write(tmp_path / "m.pt", with_lines(members, "", method)))


@hostile
def test_a_function_of_another_file_is_checked_too(canary, members, tmp_path):
    function = f'def f(x: Tensor) -> Tensor:\n  torch.save(x, "{canary.target}")\n  return x\n'
    changed = with_lines(members, "    x = __torch__.other.f(x, )\n")
    path = write(tmp_path / "m.pt", changed | {"code/__torch__/other.py": function.encode()})
    assert "aten::save" in canary.refusal(path)


class Command:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        import os

        return (os.system, (f"touch {self.target}",))


def native(name):
    return b"\x80\x02c__torch__.torch.classes." + name + b"\n)\x81X\x01\x00\x00\x00ab."


PICKLES = {
    "a function of Python": (lambda target: pickle.dumps(Command(target), 2), "is not part of TorchScript code"),
    "an opcode of protocol 0": (lambda target: b"(S'touch'\nios\nsystem\n.", "the pickle opcode STRING"),
    "an opcode of protocol 4": (lambda target: pickle.dumps(Command(target), 4), "the pickle opcode FRAME"),
    "a class of C++": (lambda target: native(b"profiling\nInstructionStats"), "torch.classes.profiling.Instruction"),
    "a class of distributed computing": (lambda target: native(b"dist_rpc\nWorkerInfo"), "torch.classes.dist_rpc"),
    "a remote reference": (lambda target: b"\x80\x02ctorch.distributed.rpc\nrref\n.", "torch.distributed.rpc.rref"),
    "a cut pickle": (lambda target: b"\x80\x02c__torch__\nSma", "damaged TorchScript archive"),
    "an empty pickle": (lambda target: b"", "damaged TorchScript archive"),
    "a number instead of a module": (lambda target: b"\x80\x02K\x01.", "holds no object of a class"),
    "a class that is not there": (lambda target: b"\x80\x02c__torch__\nOther\n)\x81}b.", "cannot be loaded"),
}


@hostile
@pytest.mark.parametrize("member", ["data.pkl", "constants.pkl"])
@pytest.mark.parametrize("kind", PICKLES)
def test_a_pickle_of_more_than_torchscript_writes_is_refused(canary, members, tmp_path, kind, member):
    content, words = PICKLES[kind]
    line = canary.refusal(write(tmp_path / "m.pt", members | {member: content(canary.target)}))
    assert words in line or member == "constants.pkl"


def nested(members):
    return with_lines(members, "    y = " + "torch.neg(" * 50_000 + "x" + ")" * 50_000 + "\n")


def resized(old, new):
    def change(members):
        assert members["data.pkl"].count(old) == 1
        return members | {"data.pkl": members["data.pkl"].replace(old, new)}

    return change


def without(name):
    return lambda members: {key: value for key, value in members.items() if key != name}


ARCHIVES = {
    "code nested too deeply": (nested, "code that torch.jit.save would not write"),
    "code of many megabytes": (lambda m: m | {CODE: m[CODE] + b"#" * (17 * 2**20)}, "bytes of code"),
    "code that is not text": (lambda m: m | {CODE: b"\xff\x00"}, "code that torch.jit.save would not write"),
    "code of another name": (lambda m: m | {"CODE/__torch__.py": m[CODE]}, "duplicate members"),
    "no version": (without("version"), "damaged TorchScript archive: it has no version"),
    "no object": (without("data.pkl"), "damaged TorchScript archive: it has no data.pkl"),
    "a cut weight": (lambda m: m | {"data/0": b"\x00"}, "the weights '0' are cut off"),
    "no weight": (without("data/0"), "the weights '0' are cut off"),
    "a tensor larger than its storage": (resized(b"(K\x03t(K\x01t", b"(K\x7ft(K\x01t"), "larger than its storage"),
    "a tensor that begins beyond its storage": (resized(b"Qq\x07K\x00", b"Qq\x07K\x7f"), "larger than its storage"),
}


@hostile
@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_that_pytorch_would_not_write_is_refused(canary, members, tmp_path, kind):
    change, words = ARCHIVES[kind]
    assert words in canary.refusal(write(tmp_path / "m.pt", change(members)))


@hostile
def test_an_archive_that_expands_without_measure_is_refused(canary, members, tmp_path):
    path = write(tmp_path / "m.pt", members | {"data/0": bytes(80 * 2**20)}, zipfile.ZIP_DEFLATED)
    assert "far more than its own size" in canary.refusal(path)


@hostile
def test_an_older_format_beside_the_model_is_not_read(canary, members, tmp_path):
    path = write(tmp_path / "m.pt", members | {"model.json": b"{}", "code/__torch__.py.debug_pkl": b"cos\nsystem\n."})
    assert load_model(path).predict(np.ones((2, 4, 4, 3), np.float32)).tolist() == [[1, 1, 1], [1, 1, 1]]
    canary.require_untouched()


def test_every_operator_that_is_allowed_exists():
    known = {schema.name for schema in torch._C._jit_get_all_schemas() if schema.name.startswith("aten::")}
    assert {f"aten::{name}" for name in ALLOWED["aten"]} <= known


class Residual(torch.nn.Module):
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.body = torch.nn.Sequential(
            torch.nn.Conv2d(inside, outside, 3, stride, 1, bias=False),
            torch.nn.BatchNorm2d(outside),
            torch.nn.ReLU(inplace=True),
            torch.nn.Conv2d(outside, outside, 3, 1, 1, bias=False),
            torch.nn.BatchNorm2d(outside),
        )
        self.short = torch.nn.Conv2d(inside, outside, 1, stride) if stride > 1 else torch.nn.Identity()

    def forward(self, x):
        y = self.body(x)
        y += self.short(x)
        return torch.relu(y)


class ResNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [(16, 16, 1), (16, 16, 1), (16, 24, 2), (24, 24, 1), (24, 32, 2), (32, 32, 1), (32, 48, 2), (48, 48, 1)]
        self.first = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 7, 2, 3), torch.nn.MaxPool2d(3, 2, 1))
        self.body = torch.nn.Sequential(*(Residual(*size) for size in sizes))
        self.last = torch.nn.Linear(48, 7)

    def forward(self, x):
        x = (x - torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1)) / 0.2
        x = torch.nn.functional.adaptive_avg_pool2d(self.body(self.first(x)), 1)
        return torch.softmax(self.last(torch.flatten(x, 1)), dim=1)


class MobileNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = torch.nn.ModuleList(
            torch.nn.Sequential(
                torch.nn.Conv2d(3 if index == 0 else 8, 8, 1),
                torch.nn.Conv2d(8, 8, 3, 1, 1, groups=8),
                torch.nn.BatchNorm2d(8),
                activation(),
                torch.nn.Dropout2d(0.2),
            )
            for index, activation in enumerate((torch.nn.ReLU6, torch.nn.Hardswish, torch.nn.SiLU, torch.nn.GELU))
        )
        self.last = torch.nn.Linear(8, 7)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        x = torch.nn.functional.interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=False)
        scores = {"last": self.last(x.mean([2, 3]))}
        return torch.nn.functional.log_softmax(scores["last"], dim=-1)


class Recurrent(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(48, 8, num_layers=2, batch_first=True, bidirectional=True)
        self.gru = torch.nn.GRU(16, 8, batch_first=True)
        self.last = torch.nn.Linear(8, 7)

    def forward(self, x):
        rows = x.permute(0, 2, 3, 1).reshape(x.size(0), x.size(2), -1)
        features, _ = self.gru(self.lstm(rows[:, :, :48])[0])
        return self.last(features[:, -1])


class Attention(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = torch.nn.Conv2d(3, 8, 8, 8)
        layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)
        self.last = torch.nn.Linear(8, 7)

    def forward(self, x):
        tokens = self.encoder(self.patches(x).flatten(2).transpose(1, 2))
        with torch.no_grad():
            tokens = self.attention(tokens, tokens, tokens)[0]
        assert tokens.dim() == 3, "tokens have three axes"
        return self.last(tokens.mean(1))


@pytest.mark.parametrize("network", [ResNet, MobileNet, Recurrent, Attention])
@pytest.mark.parametrize("how", ["script", "trace", "freeze"])
def test_an_honest_network_is_loaded_and_answers_as_in_pytorch(tmp_path, network, how):
    torch.manual_seed(7)
    honest, images = network().eval(), torch.rand(2, 3, 48, 48)
    with warnings.catch_warnings(action="ignore"):
        if how == "trace":
            archive = torch.jit.trace(honest, images, check_trace=False)
        else:
            archive = torch.jit.script(honest)
            archive = torch.jit.freeze(archive) if how == "freeze" else archive
        torch.jit.save(archive, tmp_path / "m.pt")
    answers = load_model(tmp_path / "m.pt").predict(images.permute(0, 2, 3, 1).numpy())
    assert np.allclose(answers, honest(images).detach().numpy(), atol=1e-5)
