import * as tf from '@tensorflow/tfjs';
import type { HostTensor, HostTensors } from '@ar-distill/program';
import { difference, noise, specOf, toHost, toTensor } from './arrays';
import { runOnce } from './run-program';

/** A function of tensors that is compared with the tfjs backend `cpu`. */
export interface KernelCase {
  readonly name: string;
  readonly operands: readonly HostTensor[];
  readonly compute: (...operands: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  /** Which operands have a gradient (default: none). */
  readonly gradients?: readonly number[];
}

export interface Comparison {
  /** Largest relative error over all results of all variants, and the result that has it. */
  readonly error: number;
  readonly worst: string;
  readonly kernels: ReadonlySet<string>;
}

/**
 * Runs a case compiled and eagerly, in these variants: operands as inputs; as constants; each operand
 * in turn a splat (`tf.fill`) of its first element; the gradients, with operands as inputs.
 */
export async function compareWithCpu(testCase: KernelCase): Promise<Comparison> {
  const inputs: HostTensors = Object.fromEntries(
    testCase.operands.map((operand, i) => [String(i), operand]),
  );
  const evaluate = (tensors: Record<string, tf.Tensor>): Record<string, tf.Tensor> =>
    variants(testCase, Object.values(tensors));
  const specs = Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => [key, specOf(value)]),
  );
  const kernels = new Set<string>();
  const { outputs } = await runOnce(
    ({ inputs: tensors }) => ({ outputs: evaluate(tensors) }),
    { state: {}, constants: {}, inputs: specs },
    { state: {}, inputs },
    { onGraph: ({ nodes }) => nodes.forEach(({ kernel }) => kernels.add(kernel)) },
  );
  const expected = await onCpu(() =>
    evaluate(
      Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, toTensor(value)])),
    ),
  );
  return { ...largestError(outputs, expected), kernels };
}

/**
 * Largest relative error of an eager backend over all variants of a case, gradients included, and the
 * result that has it. Constants are not told apart from inputs there.
 */
export async function compareEagerly(
  testCase: KernelCase,
  backend: string,
): Promise<Omit<Comparison, 'kernels'>> {
  const compute = (): Record<string, tf.Tensor> =>
    variants(testCase, testCase.operands.map(toTensor));
  return largestError(await onBackend(backend, compute), await onCpu(compute));
}

/** What eager tfjs computes on its backend `cpu`. */
export function onCpu(compute: () => Record<string, tf.Tensor>): Promise<HostTensors> {
  return onBackend('cpu', compute);
}

async function onBackend(
  backend: string,
  compute: () => Record<string, tf.Tensor>,
): Promise<HostTensors> {
  await tf.setBackend(backend);
  const results: HostTensors = {};
  tf.tidy(() => {
    for (const [key, tensor] of Object.entries(compute())) results[key] = toHost(tensor);
  });
  return results;
}

function largestError(actual: HostTensors, expected: HostTensors): Omit<Comparison, 'kernels'> {
  let error = 0;
  let worst = '';
  for (const [key, reference] of Object.entries(expected)) {
    const found = difference(actual[key]!, reference);
    if (found > error) [error, worst] = [found, describe(key, actual[key]!, reference)];
  }
  return { error, worst };
}

function variants(
  { operands, compute, gradients = [] }: KernelCase,
  tensors: readonly tf.Tensor[],
): Record<string, tf.Tensor> {
  const results: Record<string, tf.Tensor> = {};
  const keep = (variant: string, values: tf.Tensor | tf.Tensor[]): void => {
    [values].flat().forEach((value, i) => {
      // Booleans cannot leave a program.
      results[`${variant} ${i}`] = value.dtype === 'bool' ? value.toInt() : value.clone();
    });
  };
  keep('inputs', compute(...tensors));
  keep('constants', compute(...operands.map(toTensor)));
  operands.forEach(({ shape, dtype, data }, splat) => {
    const filled = tf.fill([...shape], data[0]!, dtype);
    keep(`splat ${splat}`, compute(...tensors.map((tensor, i) => (i === splat ? filled : tensor))));
  });
  if (gradients.length > 0) {
    const loss = (...differentiated: tf.Tensor[]): tf.Scalar => {
      const all = [...tensors];
      gradients.forEach((position, i) => (all[position] = differentiated[i]!));
      return [compute(...all)]
        .flat()
        .map((value, i) => value.mul(tf.tensor(noise(i + 50, value.size), value.shape)).sum())
        .reduce((sum, term) => sum.add(term)) as tf.Scalar;
    };
    keep('gradient', tf.grads(loss)(gradients.map((position) => tensors[position]!)));
  }
  return results;
}

function describe(key: string, actual: HostTensor, reference: HostTensor): string {
  const show = ({ dtype, shape, data }: HostTensor): string =>
    `${dtype}[${shape.join()}] ${Array.from(data.slice(0, 12)).join(' ')}`;
  return `${key}: ${show(actual)} instead of ${show(reference)}`;
}
