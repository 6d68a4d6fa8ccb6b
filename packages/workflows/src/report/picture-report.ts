import type { GeneratorSnapshot } from '@ar-distill/core/methods';
import { imageGrid } from '@ar-distill/metrics';
import { createRng, float32 } from '@ar-distill/program';
import type { Run } from '@ar-distill/runs';
import { decoderOf, type PresetModels } from '../models/models';
import { imageBatch } from '../sample/batch-sizes';
import { drawImages, labelsInTurn } from '../sample/draw-images';
import { type ImageSource, oneStepSource, teacherSource } from '../sample/image-sources';
import type { RecipeContext } from '../types';
import { DISTILLED, pictureFile, TEACHER } from './report-methods';

const COUNT = 8;
const COLUMNS = 4;

/** What a report without measurements of quality shows. */
export interface PictureReport {
  readonly context: RecipeContext;
  readonly models: PresetModels;
  readonly result: GeneratorSnapshot;
  readonly run: Run;
  readonly seed: number;
}

/**
 * The report on images that no classifier here can judge: samples of the teacher and of the generator
 * with the seconds that each took. Returns the path of `report.md`.
 */
export async function writePictureReport(subject: PictureReport): Promise<string> {
  const { context, models, result, run, seed } = subject;
  const { compiler } = context;
  const { teacher, teacherWeights, network } = models;
  const decoder = decoderOf(models)!;
  const { imageShape } = decoder.tokenizer;
  const batchSize = imageBatch(teacher.layout, imageShape, COUNT);
  const classes = Array.from({ length: teacher.numClasses }, (_, i) => i);
  const labels = labelsInTurn(classes, COUNT);
  const sections = [
    `# ${context.presetName}`,
    `Images of ${imageShape.join('×')} are shown, not scored: the only quality metric here is ` +
      'FID-MNIST. Sample i has class i.',
  ];
  const show = async (name: string, open: () => Promise<ImageSource>): Promise<void> => {
    const source = await open();
    const started = performance.now();
    const { images } = await drawImages(name, source, labels, createRng(seed), context);
    const seconds = (performance.now() - started) / 1000 / COUNT;
    await source.dispose();
    const file = pictureFile(name);
    await run.writeFile(file, imageGrid(float32([COUNT, ...imageShape], images), COLUMNS));
    const line = `${name}: ${source.evaluations} network evaluation(s), ${seconds.toFixed(2)} s an image`;
    context.print(line);
    sections.push(`## ${line}`, `![${name}](${file})`);
  };
  // One after the other: two large models do not have to fit side by side.
  await show(TEACHER, () => teacherSource(compiler, teacher, teacherWeights, decoder, batchSize));
  const generator = { network, weights: result.average };
  await show(DISTILLED, () => oneStepSource(compiler, generator, decoder, batchSize));
  return run.writeFile('report.md', Buffer.from(`${sections.join('\n\n')}\n`));
}
