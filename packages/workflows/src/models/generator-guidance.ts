import {
  describeRange,
  type GuidanceInput,
  type GuidanceRange,
  isInRange,
  type SequenceGenerator,
  takingGuidance,
} from '@ar-distill/core';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { WeightsSource } from './weights-source';

type Provenance = WeightsSource['provenance'];

/** What the file of a generator says of the guidance scales that it takes; nothing where it takes none. */
export function guidanceProvenance({
  condition: { guidance },
}: Pick<SequenceGenerator, 'condition'>): Provenance {
  if (!guidance) return {};
  const [lowestGuidance, highestGuidance] = guidance.range;
  return { guidanceScale: guidance.scale, lowestGuidance, highestGuidance };
}

/**
 * The generator of a file at the guidance scale that was asked for, else at the one that its teacher had; as it is
 * where it takes none.
 * @throws InvalidOptionError when the scale is not one of those that it takes, or it takes none and nothing else
 *   has use for one; Error when what the file says is no range.
 */
export function atGuidance(
  { guidance: asked }: Pick<PresetContext, 'guidance'>,
  file: string,
  generator: SequenceGenerator,
  provenance: Provenance,
): SequenceGenerator {
  const stated = statedGuidance(file, provenance);
  if (!stated) {
    if (!asked?.ofGeneratorAlone) return generator;
    throw new InvalidOptionError(
      `The guidance is of the teacher, which does not draw here, and the generator "${file}" was distilled without "guidanceRange": leave it out, or draw with the teacher.`,
    );
  }
  const scale = asked?.scale ?? stated.scale;
  checkGuidance(scale, stated.range);
  return takingGuidance(generator, { ...stated, scale });
}

/** @throws InvalidOptionError when a generator that takes this range does not take the scale. */
export function checkGuidance(scale: number, range: GuidanceRange): void {
  if (isInRange(scale, range)) return;
  throw new InvalidOptionError(
    `The generator takes a guidance from ${describeRange(range)}, not ${scale}: give one in between.`,
  );
}

function statedGuidance(
  file: string,
  { guidanceScale: scale, lowestGuidance: lowest, highestGuidance: highest }: Provenance,
): GuidanceInput | undefined {
  if (scale === undefined && lowest === undefined && highest === undefined) return undefined;
  if (typeof scale === 'number' && typeof lowest === 'number' && typeof highest === 'number') {
    const range = [lowest, highest] as const;
    if (lowest < highest && isInRange(scale, range)) return { range, scale };
  }
  throw new Error(`"${file}" states guidance scales that are no range: make the generator again.`);
}
