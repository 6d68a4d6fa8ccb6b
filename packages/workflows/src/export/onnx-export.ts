import { disposing } from '@ar-distill/core/optimization';
import { MODEL_EXPORTER } from '@ar-distill/di';
import type { ModelPrecision } from '@ar-distill/program';
import type { PresetContext } from '../context';
import { checkImageCount } from '../evaluate/image-count';
import {
  checkEvaluator,
  imagesOf,
  openEvaluator,
  whyNotMeasured,
} from '../evaluate/image-evaluator';
import type { LoadedGenerator } from '../models/generator-file';
import type { Decoder } from '../sample/decoder';
import { compareModels, type OnnxFigures } from './compare-models';
import { imageProgram } from './image-program';
import { onnxMetadata } from './onnx-metadata';

/** Images that each model draws: where they can be measured, and where not. */
const MEASURED = 10_000;
const COMPARED = 16;

/** How a generator is exported. */
export interface OnnxChoice {
  readonly precision: ModelPrecision;
  /** Images that each model draws; default 10,000 where they can be measured, else 16. */
  readonly samples?: number | undefined;
}

/** An export that is worked out and whose images can be measured; nothing is written yet. */
export interface OnnxExport {
  readonly metadata: Readonly<Record<string, string>>;
  /** Writes the model into a folder and compares it with the library. */
  write(folder: string): Promise<OnnxFigures>;
}

/**
 * Works an export out.
 * @throws Error when the program depends on the number of images in a way of its own; InvalidOptionError
 *   when they are too few for a metric.
 */
export async function prepareOnnx(
  context: PresetContext,
  generator: LoadedGenerator,
  decoder: Decoder,
  { precision, samples }: OnnxChoice,
): Promise<OnnxExport> {
  const { condition } = generator.generator;
  const images = imagesOf({ teacher: { condition }, tokenizer: decoder.tokenizer });
  const isMeasured = whyNotMeasured(context, images) === undefined;
  const count = samples ?? (isMeasured ? MEASURED : COMPARED);
  checkImageCount(context, images, count);
  await checkEvaluator(context, images);
  const exporter = context.container.resolve(MODEL_EXPORTER);
  const model = exporter.export(imageProgram(generator, decoder));
  const metadata = onnxMetadata(context.found, generator.generator, decoder);
  return {
    metadata,
    write: (folder) =>
      disposing(async (own) => {
        const evaluator = isMeasured ? own(await openEvaluator(context, images)) : undefined;
        const work = { context, generator, decoder, exporter, model, metadata, count, evaluator };
        return compareModels(work, folder, precision);
      }),
  };
}
