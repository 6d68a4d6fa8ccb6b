import type { HostTensors, TensorSource } from '@ar-distill/program';
import { firstNonFinite, indicesOf } from '../sampling/finite';
import { TrainingDivergedError } from './errors';

/**
 * Throws when one of the arrays holds NaN or infinity at iteration `iteration` of a stage.
 * @throws TrainingDivergedError naming the array and the element.
 */
export function requireFiniteState(
  stage: string,
  iteration: number,
  state: Readonly<HostTensors>,
): void {
  for (const [name, { shape, data }] of Object.entries(state)) {
    const index = firstNonFinite(data);
    if (index < 0) continue;
    const place = shape.length === 0 ? '' : `[${indicesOf(index, shape).join(', ')}]`;
    throw new TrainingDivergedError(stage, `${name}${place}`, iteration, data[index]!);
  }
}

/** The same arrays, looked at whenever some are read; reading rejects like `requireFiniteState`. */
export function finiteState(stage: string, iteration: number, state: TensorSource): TensorSource {
  return {
    specs: state.specs,
    async read(names) {
      const values = await state.read(names);
      requireFiniteState(stage, iteration, values);
      return values;
    },
  };
}
