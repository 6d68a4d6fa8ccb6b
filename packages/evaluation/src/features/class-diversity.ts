import { squaredDistance } from './squared-distance';

/**
 * Mean Euclidean distance of two samples of one class, per class: how different the images of a
 * class are. Reads at most `maxPerClass` samples of each class, the first ones; a class with fewer
 * than two samples gets NaN.
 */
export function withinClassDistances(
  features: Float32Array,
  labels: Int32Array,
  numClasses: number,
  maxPerClass = 500,
): Float64Array {
  const dimension = features.length / labels.length;
  const rows = Array.from({ length: numClasses }, (): number[] => []);
  labels.forEach((label, row) => {
    const members = rows[label];
    if (!members) throw new RangeError(`Class ${label} is outside 0 … ${numClasses - 1}.`);
    if (members.length < maxPerClass) members.push(row);
  });
  return Float64Array.from(rows, (members) => {
    let sum = 0;
    for (let i = 0; i < members.length; i++) {
      for (let j = i + 1; j < members.length; j++) {
        sum += Math.sqrt(squaredDistance(features, members[i]!, features, members[j]!, dimension));
      }
    }
    return sum / ((members.length * (members.length - 1)) / 2);
  });
}

/** Diversity of generated classes against real ones: 1 is as diverse, 0 one image per class. */
export interface ClassDiversity {
  readonly mean: number;
  readonly lowest: number;
  readonly lowestClass: number;
}

/**
 * Ratios of two results of `withinClassDistances`, over the classes that both have. A `lowest` far
 * below the others tells of a class that has collapsed to few images.
 * @throws RangeError when no class has two generated samples.
 */
export function classDiversity(generated: Float64Array, reference: Float64Array): ClassDiversity {
  let sum = 0;
  let classes = 0;
  let lowest = Infinity;
  let lowestClass = -1;
  generated.forEach((distance, label) => {
    const ratio = distance / reference[label]!;
    if (Number.isNaN(ratio)) return;
    sum += ratio;
    classes++;
    if (ratio < lowest) {
      lowest = ratio;
      lowestClass = label;
    }
  });
  if (classes === 0)
    throw new RangeError('Diversity needs two or more samples of some class: take more.');
  return { mean: sum / classes, lowest, lowestClass };
}
