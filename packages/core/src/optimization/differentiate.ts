import * as tf from '@tensorflow/tfjs';
import type { Parameters } from '@ar-distill/nn';
import type { TaskLoss } from './supervised-task';

/** A loss with its gradients in the named parameters. */
export interface Differentiated extends TaskLoss {
  readonly gradients: Record<string, tf.Tensor>;
}

/**
 * Value, metrics and gradients of `objective` in the parameters named by `trained`. Everything that
 * the objective closes over is a constant: this is how stop-gradients are expressed.
 */
export function differentiate(
  objective: (parameters: Parameters) => TaskLoss,
  parameters: Parameters,
  trained: readonly string[],
): Differentiated {
  const side: Record<string, tf.Tensor> = {};
  const sideUpdates: Record<string, tf.Tensor> = {};
  const evaluate = (...values: tf.Tensor[]): tf.Scalar => {
    const own = { ...parameters };
    trained.forEach((name, i) => (own[name] = values[i]!));
    const { loss, metrics, updates } = objective(own);
    // Only the loss leaves the differentiated scope; kept tensors outlive it.
    for (const [name, value] of Object.entries(metrics)) side[name] = tf.keep(value.clone());
    for (const [name, value] of Object.entries(updates ?? {}))
      sideUpdates[name] = tf.keep(value.clone());
    return loss.asScalar();
  };
  const { value, grads } = tf.valueAndGrads(evaluate)(
    trained.map((name) => {
      const parameter = parameters[name];
      if (!parameter) throw new Error(`The parameter "${name}" is missing.`);
      return parameter;
    }),
  );
  const release = (kept: Record<string, tf.Tensor>): Record<string, tf.Tensor> =>
    Object.fromEntries(
      Object.entries(kept).map(([name, tensor]) => {
        const result = tensor.clone();
        tensor.dispose();
        return [name, result];
      }),
    );
  return {
    loss: value,
    metrics: release(side),
    updates: release(sideUpdates),
    gradients: Object.fromEntries(trained.map((name, i) => [name, grads[i]!])),
  };
}
