import { type Parameters, toTensors } from '@ar-distill/nn';
import type { HostTensors, StepCompiler } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { magnitude, requireThat } from './assertions';

/** What is computed both ways. */
interface Computed {
  /** As sentences name it. */
  readonly what: string;
  readonly weights: Readonly<HostTensors>;
  readonly inputs: Readonly<HostTensors>;
  compute(
    parameters: Parameters,
    inputs: Readonly<Record<string, tf.Tensor>>,
  ): Record<string, tf.Tensor>;
}

/** Requires that a compiled program computes what tfjs computes op by op. */
export async function requireSameCompiled(
  compiler: StepCompiler,
  { what, weights, inputs, compute }: Computed,
): Promise<void> {
  const step = await compiler.compile({
    name: what,
    fn: (given) => ({ outputs: compute(given.constants, given.inputs) }),
    constants: weights,
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, dtype }]) => [name, { shape, dtype }]),
    ),
  });
  try {
    const outputs = await step.run(inputs);
    const expected = compute(toTensors(weights), toTensors(inputs));
    for (const [name, value] of Object.entries(expected)) {
      const { data, shape } = outputs[name]!;
      const own = tf.tensor(data, [...shape], value.dtype);
      const limit = value.dtype === 'int32' ? 0 : 1e-3 * magnitude(value);
      requireThat(
        magnitude(tf.sub(own, value)) <= limit,
        `Compiled the ${what} gives another ${name}: what JavaScript computes while a step is traced becomes a constant.`,
      );
    }
  } finally {
    await step.dispose();
  }
}
