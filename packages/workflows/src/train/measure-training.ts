import { existsSync } from 'node:fs';
import type { ImageTokenizer } from '@ar-distill/core';
import { loadMnist, toImages, toLabels } from '@ar-distill/datasets';
import {
  accuracy,
  FeatureExtractor,
  loadMnistEvaluator,
  mnistAssets,
  referenceSet,
  saveReferenceSet,
} from '@ar-distill/metrics';
import type { HostTensors } from '@ar-distill/program';
import type { BaseRecipeContext } from '../types';
import { reconstructImages } from './tokenize';

/** Quality of the reconstructions of the test set; FID-MNIST once there is a classifier. */
export async function measureTokenizer(
  context: BaseRecipeContext,
  tokenizer: ImageTokenizer,
  weights: Readonly<HostTensors>,
): Promise<Record<string, number>> {
  const set = await loadMnist({ split: 'test' });
  const images = await reconstructImages(context, tokenizer, weights, set);
  const original = toImages(set).data;
  let squares = 0;
  images.forEach((value, i) => (squares += (value - original[i]!) ** 2));
  const meanSquaredError = squares / images.length;
  if (!existsSync(mnistAssets().classifier)) return { meanSquaredError };
  const evaluator = await loadMnistEvaluator(context.compiler);
  const quality = await evaluator.evaluate(images, toLabels(set));
  await evaluator.dispose();
  return {
    meanSquaredError,
    reconstructionFid: quality.fid,
    reconstructionClassAccuracy: quality.classAccuracy,
  };
}

/** Accuracy on the test set, whose statistics are written to `statisticsFile`. */
export async function measureClassifier(
  { compiler }: BaseRecipeContext,
  weights: Readonly<HostTensors>,
  statisticsFile: string,
): Promise<Record<string, number>> {
  const set = await loadMnist({ split: 'test' });
  const labels = toLabels(set);
  const extractor = await FeatureExtractor.create(compiler, { weights });
  const { features, predictions } = await extractor.extract(toImages(set).data);
  await extractor.dispose();
  const { numClasses } = extractor.architecture;
  await saveReferenceSet(statisticsFile, referenceSet(features, labels, numClasses));
  return { testAccuracy: accuracy(predictions, labels) };
}
