import { FRECHET_DISTANCE } from '../metrics/frechet-distance';
import type { ResultRow } from './result-table';

/**
 * A sentence that names the rows whose Fréchet distances differ by less than the bias of their number
 * of images, next to each other in order of the distance; undefined when there are none.
 */
export function biasWarning(
  rows: readonly ResultRow[],
  frechetName: string,
  samples: number,
): string | undefined {
  const measured = rows.flatMap(({ name, values = {} }) => {
    const distance = values[FRECHET_DISTANCE.name];
    const bias = values[`${FRECHET_DISTANCE.name}.bias`];
    return distance === undefined || bias === undefined ? [] : [{ name, distance, bias }];
  });
  const inOrder = measured.sort((a, b) => a.distance - b.distance);
  const close = inOrder.slice(1).flatMap((row, i) => {
    const before = inOrder[i]!;
    const bias = Math.max(row.bias, before.bias);
    const difference = row.distance - before.distance;
    return difference < bias ? [{ rows: [before.name, row.name], difference, bias }] : [];
  });
  if (close.length === 0) return undefined;
  const pairs = close.map(
    ({ rows: [first, second], difference }) =>
      `"${first}" and "${second}" (${difference.toFixed(2)})`,
  );
  const bias = Math.max(...close.map((pair) => pair.bias));
  return (
    `With ${samples.toLocaleString('en-US')} samples the ${frechetName} is too large by up to ` +
    `${bias.toFixed(2)}, which exceeds the differences of ${pairs.join(', ')}: take more samples to tell them apart.`
  );
}
