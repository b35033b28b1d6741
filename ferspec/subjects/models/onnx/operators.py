"""List the operators that an untrusted ONNX file may use: those of ONNX, and those of ONNX Runtime that compute."""

from __future__ import annotations

# Operators of ONNX's own domains, all of which only compute; ONNX Runtime refuses unknown ones.
STANDARD = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft.nchwc"})

# Of ONNX Runtime's domain com.microsoft: fused, quantised and transformer operators, as its optimizer writes them.
RUNTIME = "com.microsoft"
RUNTIME_NAMES = """
Attention BiasAdd BiasDropout BiasGelu BiasSoftmax BiasSplitGelu BitmaskBiasDropout BitmaskDropout CDist ComplexMul
ComplexMulConj ConvTransposeWithDynamicPads CropAndResize DequantizeBFP DequantizeLinear DequantizeWithOrder
DynamicQuantizeLSTM DynamicQuantizeMatMul DynamicTimeWarping EmbedLayerNormalization ExpandDims FastGelu FusedConv
FusedGemm FusedMatMul FusedMatMulActivation GatedRelativePositionBias GatherBlockQuantized GatherND Gelu GemmFastGelu
GemmFloat8 GridSample GroupNorm GroupQueryAttention Inverse Irfft LayerNormalization LongformerAttention MatMulBnb4
MatMulFpQ4 MatMulInteger16 MatMulIntegerToFloat MatMulNBits MaxpoolWithMask MoE MulInteger MultiHeadAttention
MurmurHash3 NhwcConv NhwcFusedConv NhwcMaxPool PackedAttention PackedMultiHeadAttention Pad QAttention
QEmbedLayerNormalization QGemm QLinearAdd QLinearAveragePool QLinearConcat QLinearConv QLinearGlobalAveragePool
QLinearLeakyRelu QLinearMul QLinearReduceMean QLinearSigmoid QLinearSoftmax QLinearWhere QMoE QOrderedAttention
QOrderedGelu QOrderedLayerNormalization QOrderedLongformerAttention QOrderedMatMul QuantizeBFP QuantizeLinear
QuantizeWithOrder QuickGelu Range ReduceSumInteger RelativePositionBias RemovePadding RestorePadding Rfft
RotaryEmbedding SampleOp SimplifiedLayerNormalization SkipGroupNorm SkipLayerNormalization
SkipSimplifiedLayerNormalization SparseAttention SparseToDenseMatMul TransposeMatMul Trilu UnfoldTensor Unique
"""
COMPUTING = frozenset(RUNTIME_NAMES.split())
