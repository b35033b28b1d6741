"""List the classes and functions of Keras that an untrusted configuration may name: they only compute."""

from __future__ import annotations

# Not listed: layers with code or another model (Lambda, TFSMLayer, TorchModuleWrapper, JaxLayer, FlaxLayer), layers
# that read a vocabulary from a path (StringLookup, IntegerLookup, TextVectorization), and operations that call a
# function (Map, Scan, Cond, WhileLoop, ...).
LAYER_NAMES = """
Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention AugMix
AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D
BatchNormalization BatchNormalizationV1 Bidirectional CategoryEncoding CenterCrop Concatenate
ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose
ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D Convolution1DTranspose Convolution2D Convolution2DTranspose
Convolution3D Convolution3DTranspose Cropping1D Cropping2D Cropping3D CuDNNGRU CuDNNLSTM CutMix Dense
DepthwiseConv1D DepthwiseConv2D DepthwiseConvolution2D Discretization Dot Dropout ELU EinsumDense Embedding
Equalization Flatten Functional GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D
GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D
GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization
GroupedQueryAttention HashedCrossing Hashing Identity InputLayer InputSpec LSTM LSTMCell Layer LayerNormalization
LeakyReLU Masking MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum
MixUp Model MultiHeadAttention Multiply Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment
RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform
RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHeight RandomHue RandomInvert RandomPerspective
RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation RandomWidth
RandomZoom ReLU RepeatVector Rescaling Reshape Resizing ReversibleEmbedding STFTSpectrogram SeparableConv1D
SeparableConv2D SeparableConvolution1D SeparableConvolution2D Sequential SimpleRNN SimpleRNNCell Softmax Solarization
SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells Subtract SyncBatchNormalization
ThresholdedReLU TimeDistributed UnitNormalization UpSampling1D UpSampling2D UpSampling3D Wrapper ZeroPadding1D
ZeroPadding2D ZeroPadding3D
"""

# Initialisers, constraints, regularisers, quantisers and dtype policies, also by their names in Keras 1.
PART_NAMES = """
Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity Initializer LecunNormal LecunUniform Ones Orthogonal
RandomNormal RandomUniform STFT TruncatedNormal VarianceScaling Zeros constant glorot_normal glorot_uniform he_normal
he_uniform identity lecun_normal lecun_uniform ones orthogonal random_normal random_uniform truncated_normal
variance_scaling zeros Constraint MaxNorm MinMaxNorm NonNeg UnitNorm L1 L1L2 L2 OrthogonalRegularizer Regularizer l1
l1_l2 l2 AWQDTypePolicy DTypePolicy DTypePolicyMap FloatDTypePolicy GPTQDTypePolicy Int4DTypePolicy
QuantizedDTypePolicy QuantizedFloat8DTypePolicy Policy AWQConfig AbsMaxQuantizer Float8QuantizationConfig GPTQConfig
Int4QuantizationConfig Int8QuantizationConfig QuantizationConfig Quantizer SeedGenerator
"""

# Losses, metrics, optimizers and schedules, which a model inside a model may have.
COMPILED_NAMES = """
BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy CategoricalFocalCrossentropy
CategoricalGeneralizedCrossEntropy CategoricalHinge Circle CosineSimilarity Dice Hinge Huber KLDivergence LogCosh Loss
MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson
SparseCategoricalCrossentropy SquaredHinge Tversky AUC Accuracy BinaryAccuracy BinaryIoU CategoricalAccuracy
ConcordanceCorrelation F1Score FBetaScore FalseNegatives FalsePositives IoU LogCoshError Mean MeanIoU
MeanMetricWrapper Metric OneHotIoU OneHotMeanIoU PearsonCorrelation Precision PrecisionAtRecall R2Score Recall
RecallAtPrecision RootMeanSquaredError SensitivityAtSpecificity SparseCategoricalAccuracy SparseTopKCategoricalAccuracy
SpecificityAtSensitivity Sum TopKCategoricalAccuracy TrueNegatives TruePositives Adadelta Adafactor Adagrad Adam AdamW
Adamax Ftrl Lamb Lion LossScaleOptimizer Muon Nadam Optimizer RMSprop SGD ScheduleFreeAdamW CosineDecay
CosineDecayRestarts ExponentialDecay InverseTimeDecay LearningRateSchedule PiecewiseConstantDecay PolynomialDecay
"""

# Operations that a functional network calls, as in ``keras.ops.mean(x)``.
OPERATION_NAMES = """
Abs Absolute Add All AllClose Amax Amin Angle Any Append Arange Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh
Argmax Argmin Argpartition Argsort Array ArraySplit Average Bincount BitwiseAnd BitwiseInvert BitwiseLeftShift
BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor BroadcastTo Cbrt Ceil Clip Concatenate Conj Conjugate Copy Corrcoef
Correlate Cos Cosh CountNonzero Cross Cumprod Cumsum Deg2rad Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan
Dot Dsplit Dstack Einsum EmptyLike Equal Exp Exp2 ExpandDims Expm1 Fabs Flip Fliplr Flipud Floor FloorDivide Fmax Fmin
Fmod Full FullLike Gcd Geomspace GetItem Greater GreaterEqual Heaviside Histogram Hsplit Hstack Hypot I0 Imag Inner
IsIn Isclose Isfinite Isinf Isnan Isneginf Isposinf Isreal Kron Lcm Ldexp LeftShift Less LessEqual Linspace Log Log10
Log1p Log2 Logaddexp Logaddexp2 LogicalAnd LogicalNot LogicalOr LogicalXor Logspace Matmul Max Maximum Mean Median
Meshgrid Min Minimum Mod Moveaxis Multiply NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean Nanmedian
Nanmin Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero NotEqual OnesLike Outer
Pad Percentile Power Prod Ptp Quantile Rad2deg Ravel Real Reciprocal Repeat Reshape RightShift Roll Rot90 Round
SearchSorted Select Sign Signbit Sin Sinc Sinh Size Slogdet Sort Split Sqrt Square Squeeze Stack Std Subtract Sum
Swapaxes Take TakeAlongAxis Tan Tanh Tensordot Tile Trace Transpose Trapezoid Tril Triu TrueDivide Trunc Unique
UnravelIndex Vander Var Vdot View Vsplit Vstack Where ZerosLike AdaptiveAveragePool AdaptiveMaxPool AveragePool
BatchNorm Celu Conv ConvTranspose DepthToSpace DepthwiseConv DotProductAttention Elu Fold Gelu Glu HardShrink
HardSigmoid HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid LogSoftmax MaxPool Moments MultiHot Normalize OneHot PSNR
Polar RMSNorm Relu Relu6 Selu SeparableConv Sigmoid Silu SoftShrink Softplus Softsign SpaceToDepth SparsePlus
SparseSigmoid Sparsemax Squareplus TanhShrink Threshold Unfold CDist Erf Erfc Erfinv ExtractSequences FFT FFT2 IFFT2
IRFFT ISTFT InTopK Logdet Logsumexp RFFT Rsqrt SegmentMax SegmentMin SegmentProd SegmentSum TopK ViewAsComplex
ViewAsReal AffineTransform CropImages ElasticTransform ExtractPatches GaussianBlur HSVToRGB MapCoordinates PadImages
PerspectiveTransform RGBToGrayscale RGBToHSV Resize SSIM ScaleAndTranslate SobelEdges Cholesky CholeskyInverse Det Eig
Eigh Inv Lstsq LuFactor MatrixRank Norm Pinv Qr SVD Solve SolveTriangular Cast ConvertToTensor SaturateCast Scatter
ScatterUpdate Slice SliceUpdate StopGradient Unstack Rearrange
"""

# Values that JSON cannot hold.
VALUE_NAMES = "TensorShape __bytes__ __ellipsis__ __keras_tensor__ __numpy__ __slice__ __tensor__ __tuple__"

# Activations, and the losses of a model inside a model.
FUNCTION_NAMES = """
celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid
log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid
sparsemax squareplus swish tanh tanh_shrink threshold binary_crossentropy binary_focal_crossentropy
categorical_crossentropy categorical_focal_crossentropy categorical_hinge cosine_similarity hinge huber kl_divergence
log_cosh mean_absolute_error mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error poisson
sparse_categorical_crossentropy squared_hinge
"""

CLASSES = frozenset(
    " ".join((LAYER_NAMES, PART_NAMES, COMPILED_NAMES, OPERATION_NAMES, VALUE_NAMES)).split(),
)
FUNCTIONS = frozenset(FUNCTION_NAMES.split())
