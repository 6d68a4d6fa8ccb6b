import {
  BINARY_KERNELS,
  COMPARISON_KERNELS,
  PREDICATE_KERNELS,
  UNARY_KERNELS,
} from '../ir/kernels';
import { numberAttribute } from '../ir/attributes';
import { ELEMENT_TYPE } from '../onnx/model';
import type { GraphEmitter } from '../onnx/graph-emitter';
import type { Node, Value } from '../ir/types';
import type { Lowering, LoweringContext } from './lowering';

type Unary = (emit: GraphEmitter, x: string, node: Node) => string;
type Binary = (emit: GraphEmitter, a: string, b: string, node: Node) => string;

const direct =
  (op: string): Unary =>
  (emit, x) =>
    emit.node(op, [x]);

const float = (emit: GraphEmitter, value: number): string => emit.scalar(value, 'float32');
/** A constant of the type of the kernel's operand. */
const like = (emit: GraphEmitter, value: number, node: Node): string =>
  emit.scalar(value, Object.values(node.inputs)[0]!.dtype);

/** A bound of the operand's type, the last number before it where integers have none so large. */
function bound(emit: GraphEmitter, value: number, node: Node): string {
  const { dtype } = Object.values(node.inputs)[0]!;
  const fits = dtype === 'int32' ? Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1) : value;
  return emit.scalar(fits, dtype);
}

const UNARY: { readonly [K in (typeof UNARY_KERNELS)[number]]: Unary } = {
  Abs: direct('Abs'),
  Ceil: direct('Ceil'),
  ClipByValue: (emit, x, node) =>
    emit.node('Clip', [
      x,
      bound(emit, numberAttribute(node.attributes, 'clipValueMin'), node),
      bound(emit, numberAttribute(node.attributes, 'clipValueMax'), node),
    ]),
  Cos: direct('Cos'),
  Elu: direct('Elu'),
  Erf: direct('Erf'),
  Exp: direct('Exp'),
  Expm1: (emit, x) => emit.node('Sub', [emit.node('Exp', [x]), float(emit, 1)]),
  Floor: direct('Floor'),
  LeakyRelu: (emit, x, { attributes }) =>
    emit.node('LeakyRelu', [x], {
      alpha: { kind: 'float', value: numberAttribute(attributes, 'alpha', 0.2) },
    }),
  Log: direct('Log'),
  Log1p: (emit, x) => emit.node('Log', [emit.node('Add', [x, float(emit, 1)])]),
  Neg: direct('Neg'),
  Reciprocal: direct('Reciprocal'),
  Relu: direct('Relu'),
  Relu6: (emit, x, node) => emit.node('Clip', [x, like(emit, 0, node), like(emit, 6, node)]),
  Round: direct('Round'),
  Rsqrt: (emit, x) => emit.node('Reciprocal', [emit.node('Sqrt', [x])]),
  Selu: direct('Selu'),
  Sigmoid: direct('Sigmoid'),
  Sign: direct('Sign'),
  Sin: direct('Sin'),
  Softplus: direct('Softplus'),
  Sqrt: direct('Sqrt'),
  Square: (emit, x) => emit.node('Mul', [x, x]),
  Step: (emit, x, node) => {
    const step = emit.node('Where', [
      emit.node('Greater', [x, like(emit, 0, node)]),
      like(emit, 1, node),
      like(emit, numberAttribute(node.attributes, 'alpha', 0), node),
    ]);
    // A comparison with NaN is false, but NaN must not come out as a number.
    return isInteger(node) ? step : emit.node('Where', [emit.node('IsNaN', [x]), x, step]);
  },
  Tanh: direct('Tanh'),
};

const PREDICATES: { readonly [K in (typeof PREDICATE_KERNELS)[number]]: Unary } = {
  IsFinite: (emit, x) =>
    emit.node('Not', [emit.node('Or', [emit.node('IsNaN', [x]), emit.node('IsInf', [x])])]),
  IsInf: direct('IsInf'),
  IsNan: direct('IsNaN'),
  LogicalNot: direct('Not'),
};

const pairwise =
  (op: string): Binary =>
  (emit, a, b) =>
    emit.node(op, [a, b]);

const isInteger = ({ inputs }: Node): boolean => Object.values(inputs)[0]!.dtype !== 'float32';

/** ⌊a / b⌋ of floats. */
const floorQuotient = (emit: GraphEmitter, a: string, b: string): string =>
  emit.node('Floor', [emit.node('Div', [a, b])]);

/** ⌊a / b⌋ of integers, exact: what is left after taking away the remainder divides. */
const integerQuotient = (emit: GraphEmitter, a: string, b: string): string =>
  emit.node('Div', [emit.node('Sub', [a, emit.node('Mod', [a, b])]), b]);

const BINARY: { readonly [K in (typeof BINARY_KERNELS)[number]]: Binary } = {
  Add: pairwise('Add'),
  // dy where the output y is not negative, dy·(y + 1) elsewhere.
  EluGrad: (emit, dy, y) =>
    emit.node('Where', [
      emit.node('GreaterOrEqual', [y, float(emit, 0)]),
      dy,
      emit.node('Mul', [dy, emit.node('Add', [y, float(emit, 1)])]),
    ]),
  // int32 of floats too, as in tfjs.
  FloorDiv: (emit, a, b, node) =>
    isInteger(node)
      ? integerQuotient(emit, a, b)
      : emit.node('Cast', [floorQuotient(emit, a, b)], { to: ELEMENT_TYPE.int32 }),
  Maximum: pairwise('Max'),
  Minimum: pairwise('Min'),
  Mod: (emit, a, b, node) =>
    isInteger(node)
      ? emit.node('Mod', [a, b])
      : emit.node('Sub', [a, emit.node('Mul', [b, floorQuotient(emit, a, b)])]),
  Multiply: pairwise('Mul'),
  Pow: pairwise('Pow'),
  RealDiv: pairwise('Div'),
  SquaredDifference: (emit, a, b) => {
    const difference = emit.node('Sub', [a, b]);
    return emit.node('Mul', [difference, difference]);
  },
  Sub: pairwise('Sub'),
};

const COMPARISONS: { readonly [K in (typeof COMPARISON_KERNELS)[number]]: Binary } = {
  Equal: pairwise('Equal'),
  Greater: pairwise('Greater'),
  GreaterEqual: pairwise('GreaterOrEqual'),
  Less: pairwise('Less'),
  LessEqual: pairwise('LessOrEqual'),
  LogicalAnd: pairwise('And'),
  LogicalOr: pairwise('Or'),
  NotEqual: (emit, a, b) => emit.node('Not', [emit.node('Equal', [a, b])]),
};

/** Rules of the kernels that work element by element. */
export const ELEMENTWISE_LOWERINGS = {
  ...mapRules(UNARY, unaryLowering),
  ...mapRules(PREDICATES, unaryLowering),
  ...mapRules(BINARY, binaryLowering),
  ...mapRules(COMPARISONS, binaryLowering),
  AddN: sumLowering,
  Cast: ((node, context) => {
    const x = node.inputs['x']!;
    const to = ELEMENT_TYPE[node.outputs[0]!.dtype];
    return [context.emit.node('Cast', [context.tensor(x)], { to })];
  }) satisfies Lowering,
  Select: (({ inputs: { condition, t, e }, outputs }, context) => {
    const { emit } = context;
    const [choose, yes, no] = [condition!, t!, e!].map((value) => context.tensor(value)) as [
      string,
      string,
      string,
    ];
    if (outputs[0]!.dtype !== 'bool') return [emit.node('Where', [choose, yes, no])];
    // ONNX Runtime's Where has no booleans.
    const otherwise = emit.node('And', [emit.node('Not', [choose]), no]);
    return [emit.node('Or', [emit.node('And', [choose, yes]), otherwise])];
  }) satisfies Lowering,
};

function sumLowering(node: Node, context: LoweringContext): readonly string[] {
  const terms = Object.values(node.inputs).map((value) => context.tensor(value));
  // ONNX Runtime's Sum has floats only.
  return [
    isInteger(node)
      ? terms.reduce((sum, term) => context.emit.node('Add', [sum, term]))
      : context.emit.node('Sum', terms),
  ];
}

function unaryLowering(rule: Unary): Lowering {
  return (node, context) => [rule(context.emit, context.tensor(firstOperand(node)), node)];
}

function binaryLowering(rule: Binary): Lowering {
  return (node, context) => {
    const [a, b] = Object.values(node.inputs) as [Value, Value];
    return [rule(context.emit, context.tensor(a), context.tensor(b), node)];
  };
}

function firstOperand({ inputs }: Node): Value {
  return Object.values(inputs)[0]!;
}

function mapRules<K extends string, R>(
  rules: { readonly [key in K]: R },
  map: (rule: R) => Lowering,
): { readonly [key in K]: Lowering } {
  const entries = Object.entries(rules) as [K, R][];
  return Object.fromEntries(entries.map(([name, rule]) => [name, map(rule)])) as {
    readonly [key in K]: Lowering;
  };
}
