/**
 * The kernels that graphs are made of, by their tfjs names: one vocabulary for the shape rules and
 * for the lowering tables of all providers. Other tfjs kernels are either rewritten into these while
 * tracing or refused by name.
 */

/** Element by element, shape and type of `x`. */
export const UNARY_KERNELS = [
  'Abs',
  'Ceil',
  'ClipByValue',
  'Cos',
  'Elu',
  'Erf',
  'Exp',
  'Expm1',
  'Floor',
  'LeakyRelu',
  'Log',
  'Log1p',
  'Neg',
  'Reciprocal',
  'Relu',
  'Relu6',
  'Round',
  'Rsqrt',
  'Selu',
  'Sigmoid',
  'Sign',
  'Sin',
  'Softplus',
  'Sqrt',
  'Square',
  'Step',
  'Tanh',
] as const;

/** Element by element, bool. */
export const PREDICATE_KERNELS = ['IsFinite', 'IsInf', 'IsNan', 'LogicalNot'] as const;

/** Element by element with broadcasting, type of `a`. */
export const BINARY_KERNELS = [
  'Add',
  'EluGrad',
  'FloorDiv',
  'Maximum',
  'Minimum',
  'Mod',
  'Multiply',
  'Pow',
  'RealDiv',
  'SquaredDifference',
  'Sub',
] as const;

/** Element by element with broadcasting, bool. */
export const COMPARISON_KERNELS = [
  'Equal',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
  'LogicalAnd',
  'LogicalOr',
  'NotEqual',
] as const;

/** Over the axes `axis` of `x`. */
export const REDUCTION_KERNELS = ['All', 'Any', 'Max', 'Mean', 'Min', 'Prod', 'Sum'] as const;

/** Everything whose shape has a rule of its own. */
export const STRUCTURAL_KERNELS = [
  'AddN',
  'ArgMax',
  'ArgMin',
  'AvgPool',
  'BatchMatMul',
  'BroadcastTo',
  'Cast',
  'Concat',
  'Conv2D',
  'Conv2DBackpropFilter',
  'Conv2DBackpropInput',
  'Cumsum',
  'DepthwiseConv2dNative',
  'DepthwiseConv2dNativeBackpropFilter',
  'DepthwiseConv2dNativeBackpropInput',
  'Einsum',
  'GatherNd',
  'GatherV2',
  'MaxPool',
  'MaxPoolGrad',
  'OneHot',
  'PadV2',
  'Reshape',
  'Reverse',
  'Select',
  'Slice',
  'Softmax',
  'Tile',
  'TopK',
  'Transpose',
  'UnsortedSegmentSum',
] as const;

/** All of them. */
export const KERNELS = [
  ...UNARY_KERNELS,
  ...PREDICATE_KERNELS,
  ...BINARY_KERNELS,
  ...COMPARISON_KERNELS,
  ...REDUCTION_KERNELS,
  ...STRUCTURAL_KERNELS,
] as const;

export type KernelName = (typeof KERNELS)[number];
