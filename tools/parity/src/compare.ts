import type { ParameterSpecs } from '@ar-distill/nn';
import type { HostTensor, HostTensors } from '@ar-distill/program';

/** Largest allowed max|Δ| / max|reference| of an array. */
export const TOLERANCE = 1e-4;

/** One array or row of tokens, ours against the official one. */
export interface Outcome {
  readonly name: string;
  readonly ok: boolean;
  /** max|Δ| / max|reference|; 0 for tokens that are equal. */
  readonly error: number;
  /** What is to be said of it, where there is anything. */
  readonly remark?: string;
}

/** max|Δ| / max|reference|, NaN where a value is. */
export function compareArrays(name: string, own: HostTensor, official: HostTensor): Outcome {
  if (own.shape.join() !== official.shape.join()) {
    return {
      name,
      ok: false,
      error: Infinity,
      remark: `is [${own.shape.join(', ')}] instead of [${official.shape.join(', ')}]`,
    };
  }
  let difference = 0;
  let scale = 0;
  for (const [i, value] of official.data.entries()) {
    const delta = Math.abs(own.data[i]! - value);
    difference = Number.isNaN(delta) ? NaN : Math.max(difference, delta);
    scale = Math.max(scale, Math.abs(value));
  }
  const error = difference === 0 ? 0 : difference / scale;
  return { name, ok: error <= TOLERANCE, error };
}

/** Names and shapes: all of `specs` and nothing else has to be among the official weights. */
export function compareSpecs(
  specs: ParameterSpecs,
  weights: Readonly<HostTensors>,
  buffers: RegExp,
): Outcome {
  const wrong = Object.entries(specs).flatMap(([name, { shape }]) => {
    const found = weights[name]?.shape;
    if (found?.join() === shape.join()) return [];
    return [
      `${name} is [${shape.join(', ')}] here, ${found ? `[${found.join(', ')}]` : 'missing'}`,
    ];
  });
  const extra = Object.keys(weights).filter((name) => !specs[name] && !buffers.test(name));
  wrong.push(...extra.map((name) => `${name} is not declared here`));
  if (wrong.length === 0) return { name: 'parameters', ok: true, error: 0 };
  return { name: 'parameters', ok: false, error: 1, remark: wrong.slice(0, 3).join('; ') };
}

/** Every array of `own` with that of its name. */
export function compareAll(own: Readonly<HostTensors>, official: Readonly<HostTensors>): Outcome[] {
  return Object.entries(own).map(([name, value]) => compareArrays(name, value, official[name]!));
}

/**
 * Tokens [B, n] `…_tokens`, chosen as the best of several values. `…_gaps` [B, n] say how far the
 * official best was ahead of the second, as a share of the largest value: where the first token of a row that differs
 * was that close to a tie, rounding decides, and what follows it cannot be compared.
 */
export function compareTokens(
  name: string,
  own: HostTensor,
  outputs: Readonly<HostTensors>,
): Outcome {
  const official = outputs[name]!;
  const gaps = outputs[name.replace(/_tokens$/, '_gaps')]!;
  if (own.shape.join() !== official.shape.join()) return compareArrays(name, own, official);
  const [rows, length] = official.shape as [number, number];
  const ties: string[] = [];
  for (let row = 0; row < rows; row++) {
    for (let i = row * length; i < (row + 1) * length; i++) {
      if (own.data[i] === official.data[i]) continue;
      const gap = gaps.data[i]!;
      const where = `row ${row}, token ${i - row * length}`;
      if (!(gap <= TOLERANCE)) {
        return { name, ok: false, error: 1, remark: `${where} differs at a gap of ${short(gap)}` };
      }
      ties.push(`${where} is a tie (gap ${short(gap)})`);
      break;
    }
  }
  return { name, ok: true, error: 0, ...(ties.length ? { remark: ties.join('; ') } : {}) };
}

function short(value: number): string {
  return value.toExponential(1);
}
