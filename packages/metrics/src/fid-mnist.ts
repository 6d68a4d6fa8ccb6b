import path from 'node:path';
import { readSafetensors } from '@ar-distill/checkpoints';
import type { StepCompiler } from '@ar-distill/program';
import { FeatureExtractor } from './features/feature-extractor';
import { loadReferenceSet } from './features/reference-set';
import { ImageEvaluator } from './image-quality';

/** Name of the metric: never plain "FID", whose features are Inception's. */
export const FID_MNIST = 'FID-MNIST';

/** What the metric is, for reports. */
export const FID_MNIST_DEFINITION =
  'FID-MNIST is the Fréchet distance between generated images and the 10,000 images of the MNIST ' +
  'test set, in the 128 features of the small classifier that ships with @ar-distill/metrics. ' +
  'It cannot be compared with FIDs in Inception features.';

/** Files of the MNIST evaluation. */
export interface MnistAssets {
  /** Weights of the classifier (`MNIST_CLASSIFIER`). */
  readonly classifier: string;
  /** Reference set of the test images in that classifier's features. */
  readonly testStatistics: string;
}

/** Absolute paths of the files that ship with this package. */
export function mnistAssets(): MnistAssets {
  const folder = path.join(__dirname, '..', 'assets', 'mnist');
  return {
    classifier: path.join(folder, 'classifier.safetensors'),
    testStatistics: path.join(folder, 'test-statistics.safetensors'),
  };
}

/** [height, width, channels] of the images that can be measured. */
export const MNIST_IMAGE_SHAPE = [32, 32, 1] as const;

/** Whether images [height, width, channels] have the shape of the test set's. */
export function isMnistShape(shape: readonly number[]): boolean {
  return shape.join() === MNIST_IMAGE_SHAPE.join();
}

/** Evaluator of 32×32×1 digits against the MNIST test set: FID-MNIST, class accuracy and the rest. */
export async function loadMnistEvaluator(
  compiler: StepCompiler,
  assets: MnistAssets = mnistAssets(),
): Promise<ImageEvaluator> {
  const { tensors } = await readSafetensors(assets.classifier);
  const reference = await loadReferenceSet(assets.testStatistics);
  const extractor = await FeatureExtractor.create(compiler, { weights: tensors });
  return new ImageEvaluator(extractor, reference);
}
