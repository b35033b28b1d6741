"""Load the folder of an image classifier that Hugging Face's transformers saved."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.extras import require_package
from ferspec.files import is_regular_file, parse_json, read_bounded
from ferspec.subjects.models.base import Model, Signature, Sink, folder_digest, loading, plain_labels, shown
from ferspec.subjects.models.contracts.contract import Input
from ferspec.subjects.models.huggingface.preprocessor import crops, prepared_by
from ferspec.subjects.models.pytorch.module import require_all_arrays, require_torch, running
from ferspec.subjects.models.quiet import quiet
from ferspec.subjects.models.torchscript.cost import cost_of

CONFIG, PREPROCESSOR, ADAPTER = "config.json", "preprocessor_config.json", "adapter_config.json"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
LARGEST_CONFIG = 4 << 20
CROPPED = "the whole image is resized to it, though the preprocessor cuts out the centre of a larger one"
# Image classifiers whose code is part of transformers, reads nothing but the folder, and only computes.
NETWORK_NAMES = """
    beit bit convnext convnextv2 cvt data2vec-vision deit dinov2 dinov2_with_registers efficientnet focalnet hiera ijepa
    levit mobilenet_v1 mobilenet_v2 mobilevit mobilevitv2 poolformer pvt pvt_v2 regnet resnet segformer siglip siglip2
    swiftformer swin swinv2 van vit vit_msn
"""
NETWORKS = frozenset(NETWORK_NAMES.split())
# Keys that choose code or data from elsewhere.
FOREIGN = frozenset({"auto_map", "quantization_config", "backbone", "custom_pipelines", "trust_remote_code"})


def is_model_folder(path: Path) -> bool:
    """Return whether a folder was saved by ``save_pretrained``, by the names of its files."""
    return is_regular_file(path / CONFIG) and any(is_regular_file(path / name) for name in (*WEIGHTS, ADAPTER))


def load(path: Path, trust_code: bool = False) -> Model:
    """Load an image classifier from a folder with ``config.json`` and ``model.safetensors``.

    Safe to load: the network must be one of those listed, whose code is part of transformers; code in the folder or on
    a hub, quantisation and adapters are refused, pickled weights are never read, and nothing is fetched. Every array
    of the file must belong to the network, and fill it. Size, mean, std, range and filter come from
    ``preprocessor_config.json``, the names of the columns from ``id2label``. Not covered: running time and memory.
    """
    name = path.name
    require_torch(path)
    require_package(f"running {name}", "transformers")
    config = _document(path / CONFIG)
    _refuse_foreign(config, path)
    with loading(name, "a Hugging Face model"), quiet():
        from transformers import AutoModelForImageClassification

        network, found = AutoModelForImageClassification.from_pretrained(
            str(path.absolute()),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            attn_implementation="eager",
            output_loading_info=True,
        )
    mismatched = [str(entry[0] if isinstance(entry, tuple) else entry) for entry in found["mismatched_keys"]]
    require_all_arrays(name, list(found["missing_keys"]), list(found["unexpected_keys"]), mismatched)
    network.eval()
    settings = network.config
    channels = int(getattr(settings, "num_channels", 3))
    prepared, guessed = _prepared(path, channels)
    labels = plain_labels(settings.id2label[place] for place in sorted(settings.id2label))
    return Model(
        name=name,
        format="huggingface",
        digest=folder_digest(path),
        signature=Signature(
            channels=channels,
            layout="channels_first",
            dtype=str(network.dtype).removeprefix("torch."),
            outputs=(Sink(name="logits", shape=(None, int(settings.num_labels)), activation="linear"),),
            labels=labels,
            prepared=prepared,
            guessed=guessed,
        ),
        run=running(lambda batch: network(batch).logits, network.dtype),
        count_cost=partial(cost_of, network),
        network=network,
    )


def _prepared(path: Path, channels: int) -> tuple[Input | None, dict[str, str]]:
    """Return the preparation of images, and what a contract cannot describe of it."""
    if not is_regular_file(path / PREPROCESSOR):
        return None, {}
    document = _document(path / PREPROCESSOR)
    prepared = prepared_by(document, channels)
    return prepared, {"size": CROPPED} if prepared is not None and crops(document) else {}


def _document(path: Path) -> dict[str, Any]:
    try:
        document = parse_json(read_bounded(path, LARGEST_CONFIG, "a configuration"))
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise UserError(f"{path} must hold a JSON object")
    return document


def _refuse_foreign(config: dict[str, Any], path: Path) -> None:
    kind = config.get("model_type")
    if (path / ADAPTER).exists():
        raise UserError(f"{path} is an adapter: merge it into its network (merge_and_unload), and save the whole model")
    if not isinstance(kind, str) or kind not in NETWORKS:
        raise UserError(f"{path} is of the type {shown(str(kind))!r}, which is not supported: export the model to ONNX")
    if foreign := sorted(key for key, value in _entries(config) if _is_foreign(key, value)):
        raise UserError(f"{path} has {foreign[0]} in {CONFIG}, which may run code: refused; export the model to ONNX")
    if is_regular_file(index := path / WEIGHTS[1]):
        files = _document(index).get("weight_map")
        for file in map(str, files.values() if isinstance(files, dict) else ()):
            if Path(file).name != file:
                raise UserError(f"{index} names {shown(file)!r}, which is not a file of the folder: refused")


def _is_foreign(key: str, value: Any) -> bool:
    # an implementation of attention with an address is code of a hub
    return bool(value) and (key in FOREIGN or (key.endswith("implementation") and "/" in str(value)))


def _entries(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the keys and values of a document, and of those inside it."""
    for key, value in document.items():
        yield key, value
        if isinstance(value, dict):
            yield from _entries(value)
