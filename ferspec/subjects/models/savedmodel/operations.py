"""Classify TensorFlow operations: those that only compute are allowed in an untrusted SavedModel."""

from __future__ import annotations

import re

# Operations with effects outside the model, by effect; TensorFlow calls some of them stateless.
EFFECTS = {
    "runs Python code": {"PyFunc", "PyFuncStateless", "EagerPyFunc"},
    "runs code outside TensorFlow's operations": {"XlaCallModule", "XlaCustomCall", "XlaCustomCallV2"},
    "reads files": {
        "ReadFile",
        "MatchingFiles",
        "ImmutableConst",
        "InitializeTableFromTextFile",
        "InitializeTableFromTextFileV2",
        "GenerateVocabRemapping",
        "LoadAndRemapMatrix",
        "DecodeProtoV2",
        "EncodeProto",
        "LMDBReader",
        "RecordInput",
    },
    "writes files": {"WriteFile", "PrintV2", "CreateSummaryFileWriter", "CreateSummaryDbWriter", "DumpTensor"},
    "ends the process": {"Abort"},
}
# Families of such operations: data pipelines, record readers, and the debugger, which writes to URLs.
FAMILIES = {
    "reads or writes files": re.compile(r".*(Dataset|Iterator).*|.*Reader(V2)?|Reader[A-Z].*"),
    "needs other hardware or threads": re.compile(r"T(PU|pu).*|Infeed.*|Outfeed.*|.*Tpu.*|BatchFunction|HostConst"),
    "writes what it computes to files or to the network": re.compile(r"Debug.*|Copy(Host)?|.*Summary.*"),
}

# Stateful operations that only change the model's own memory, or draw random numbers.
VARIABLES = re.compile(
    r"VarHandleOp|Variable(V2)?|VarIsInitializedOp|VariableShape|ReadVariableOp|DisableCopyOnRead|DestroyResourceOp"
    r"|Assign(Add|Sub)?VariableOp|TemporaryVariable|ResourceGather(Nd)?|ResourceScatter\w+|ResourceStridedSliceAssign"
    r"|Resource(Sparse)?Apply\w+|ResourceCountUpTo"
)
TABLES = re.compile(
    r"HashTable(V2)?|Mutable(Dense)?HashTable(OfTensors)?(V2)?|Anonymous(Mutable(Dense)?)?HashTable(OfTensors)?"
    r"|InitializeTableV2|LookupTable(Export|Find|Import|Insert|Remove|Size)V2"
)
CONTROL_FLOW = re.compile(
    r"If|While|Case|StatefulPartitionedCall|Assert|CheckNumerics(V2)?|DeviceIndex|GuaranteeConst|DeepCopy|Empty"
    r"|Stack(Push|Pop|Close)?(V2)?|TensorArray\w*"
)
RANDOM = re.compile(
    r"Random(StandardNormal|Uniform|UniformInt|Shuffle|Gamma|Poisson|PoissonV2|Crop)|(Parameterized)?TruncatedNormal"
    r"|Multinomial|Stateful(StandardNormal|StandardNormalV2|TruncatedNormal|Uniform|UniformFullInt|UniformInt)"
    r"|StatefulRandomBinomial|NonDeterministicInts|Rng(ReadAndSkip|Skip)|StatelessRandomGetAlg"
    r"|SampleDistortedBoundingBox(V2)?"
)
RECURRENT = re.compile(r"CudnnRNN(Backprop)?(V2|V3)?")
STATEFUL = (VARIABLES, TABLES, CONTROL_FLOW, RANDOM, RECURRENT)

# Operations in every export that save and restore its variables; they write and read the paths they are given.
CHECKPOINT = frozenset({"SaveV2", "RestoreV2", "MergeV2Checkpoints"})


def effect_of(operation: str) -> str | None:
    """Return an operation's effect outside the model as a verb phrase, or None.

    TensorFlow, not the file, decides whether an operation is stateful. Unknown operations, and stateful ones that may
    act outside the model, have an effect. The checkpoint operations (``CHECKPOINT``) count as reading or writing files.
    """
    from tensorflow.python.framework import op_def_registry

    if operation in CHECKPOINT:
        return "reads or writes files"
    for effect, operations in EFFECTS.items():
        if operation in operations:
            return effect
    for effect, family in FAMILIES.items():
        if family.fullmatch(operation):
            return effect
    known = op_def_registry.get(operation)
    if known is None or operation.startswith("_"):
        return "needs an operation that is not TensorFlow's"
    if known.is_stateful and not any(kind.fullmatch(operation) for kind in STATEFUL):
        return "needs an operation that may act outside the model"
    return None
