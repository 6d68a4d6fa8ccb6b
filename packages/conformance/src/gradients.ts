import * as tf from '@tensorflow/tfjs';
import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import { allFinite, listNames, magnitude, requireThat } from './assertions';

/** What says which parameters it has, and which of them gradients train. */
interface Trained {
  readonly parameterSpecs: ParameterSpecs;
  isTrainable(name: string): boolean;
}

/** Requires finite gradients of a scalar objective, none of them zero, in all parameters that are trained. */
export function requireGradients(
  network: Trained,
  parameters: Parameters,
  objective: (parameters: Parameters) => tf.Scalar,
): void {
  const trained = Object.keys(network.parameterSpecs).filter((name) => network.isTrainable(name));
  const gradientsOf = (names: readonly string[]): tf.Tensor[] =>
    tf.grads((...values: tf.Tensor[]) => {
      const own: Record<string, tf.Tensor> = { ...parameters };
      names.forEach((name, i) => (own[name] = values[i]!));
      return objective(own);
    })(names.map((name) => parameters[name]!));
  const reaches = (name: string): boolean => {
    try {
      return magnitude(gradientsOf([name])[0]!) > 0;
    } catch {
      return false;
    }
  };
  let gradients: tf.Tensor[] = [];
  let all = true;
  try {
    gradients = gradientsOf(trained);
  } catch {
    // tfjs does not say which parameter has no gradient: the parameters are tried one by one below.
    all = false;
  }
  const broken = gradients.flatMap((gradient, i) => (allFinite(gradient) ? [] : [trained[i]!]));
  requireThat(broken.length === 0, `NaN or infinite gradients in ${listNames(broken)}.`);
  const unreached = all
    ? trained.filter((_, i) => magnitude(gradients[i]!) === 0)
    : trained.filter((name) => !reaches(name));
  requireThat(
    unreached.length === 0,
    `No gradient reaches ${listNames(unreached)}: use these parameters, leave them out, or make isTrainable false for them.`,
  );
}
