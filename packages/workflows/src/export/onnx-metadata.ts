import { type SequenceGenerator, sequenceLength } from '@ar-distill/core';
import type { FoundPreset } from '@ar-distill/di';
import { ownVersion } from '../report/own-version';
import type { Decoder } from '../sample/decoder';
import { IMAGES, NOISE } from './image-program';

/** What an exported model says of itself: what goes in, what comes out, and what it was made of. */
export function onnxMetadata(
  { plugin, name }: FoundPreset,
  { layout, condition: { values, numClasses } }: SequenceGenerator,
  { tokenizer, codeScale, snap = false }: Decoder,
): Readonly<Record<string, string>> {
  const shapeOf = (shape: readonly number[]): string => `[${['batch', ...shape].join(', ')}]`;
  return {
    made_by: `ar-distill ${ownVersion()}`,
    preset: `${plugin}:${name}`,
    [`input:${NOISE}`]: `float32 ${shapeOf([sequenceLength(layout), layout.channels])}, independent standard normals`,
    ...Object.fromEntries(
      Object.entries(values).map(([key, { shape, dtype }]) => [
        `input:${key}`,
        `${dtype} ${shapeOf(shape)}`,
      ]),
    ),
    [`output:${IMAGES}`]: `float32 ${shapeOf(tokenizer.imageShape)} (NHWC), pixels in [0, 1]`,
    ...(numClasses === undefined ? {} : { num_classes: String(numClasses) }),
    code_scale: String(codeScale),
    snapped_to_codes: String(snap),
    seed_rule:
      'any standard normals will do; image i of seed s of AR-Distill has the normals of its counter-based generator with stream "sample/noise" and index i',
  };
}
