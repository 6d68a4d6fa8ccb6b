import {
  classesOf,
  type ConditionalScoreTeacher,
  type FeatureNetwork,
  type FeatureNetworkProvider,
  type ImageTokenizer,
  type Metric,
  type MetricReference,
} from '@ar-distill/core';
import {
  DATASETS,
  FEATURE_NETWORKS,
  type FoundPreset,
  METRICS,
  type ServiceContainer,
} from '@ar-distill/di';
import {
  computeReference,
  evaluateImages,
  FRECHET_DISTANCE,
  loadReferenceSet,
  pooledStatistics,
  selectMetrics,
  teacherDistance,
  type FeatureStatistics,
  type ImageEvaluation,
  type ImageQuality,
  type MetricInputs,
} from '@ar-distill/evaluation';
import { metricColumns, type MetricColumn } from '@ar-distill/evaluation/report';
import type { HostTensor, HostTensors } from '@ar-distill/program';
import type { PresetContext, WorkflowContext } from '../context';
import { namedOption } from '../settings/named-option';

/** See `ImageEvaluation`. */
type OnImages = NonNullable<ImageEvaluation['onImages']>;

/** Measures the images of a preset, with the feature network and the metrics that it names. */
export interface ImageEvaluator {
  readonly provider: FeatureNetworkProvider;
  readonly network: FeatureNetwork;
  /** How the metrics' values are shown. */
  readonly columns: readonly MetricColumn[];
  /**
   * `images` [N, H, W, channels] in [−1, 1] that were made for the condition [N, …].
   * @throws the signal's reason (an AbortError) between two batches when it is aborted.
   */
  evaluate(images: HostTensor, condition: Readonly<HostTensors>): Promise<ImageQuality>;
  /** What Fréchet distances to `images` [N, H, W, channels] in [−1, 1] are computed from. */
  statistics(images: HostTensor): Promise<FeatureStatistics>;
  /**
   * The same with the Fréchet distance to the teacher's samples, of which these are the statistics, beside
   * the metric that measures it to real images. The network stays this one's.
   */
  withTeacher(samples: FeatureStatistics): TeacherEvaluator;
  /** The Fréchet distance alone, for curves during training, where it is one of the metrics. */
  readonly frechetDistance?: (images: HostTensor) => Promise<number>;
  dispose(): Promise<void>;
}

/** An evaluator that another one disposes of. */
export type TeacherEvaluator = Pick<ImageEvaluator, 'columns' | 'evaluate'>;

/** The images that are to be measured. */
export interface EvaluatedImages {
  /** [height, width, channels]. */
  readonly imageShape: readonly number[];
  /** Whether they are made for classes. */
  readonly labels: boolean;
  /** How many classes there are, where that is known. */
  readonly numClasses?: number | undefined;
}

/** What is known of a preset's images before they are made. */
export function imagesOf({
  teacher: { condition },
  tokenizer: { imageShape },
}: {
  readonly teacher: Pick<ConditionalScoreTeacher, 'condition'>;
  readonly tokenizer: Pick<ImageTokenizer, 'imageShape'>;
}): EvaluatedImages {
  const { numClasses } = condition;
  return { imageShape, labels: numClasses !== undefined, numClasses };
}

/** The same of a preset whose files are not read; undefined when its sequences are not images. */
export function imagesOfPreset({
  backbone,
  preset: { architecture, teacherSampling },
}: FoundPreset): EvaluatedImages | undefined {
  const tokenizer = backbone.createTokenizer?.(architecture);
  const teacher = backbone.createTeacher(architecture, teacherSampling);
  return tokenizer && imagesOf({ teacher, tokenizer });
}

/**
 * Why the images of a preset cannot be measured, and the mend; undefined when they can. Nothing is
 * loaded for it.
 */
export function whyNotMeasured(
  context: PresetContext,
  images: EvaluatedImages,
): string | undefined {
  const metrics = measurableWith(context, images);
  return typeof metrics === 'string' ? metrics : undefined;
}

/** The metrics that the images of a preset are measured with; undefined when they cannot be. */
export function metricsOfImages(
  context: PresetContext,
  images: EvaluatedImages,
): readonly Metric[] | undefined {
  const metrics = measurableWith(context, images);
  return typeof metrics === 'string' ? undefined : metrics;
}

/** The metrics, or a sentence that says why there are none. */
function measurableWith(
  context: PresetContext,
  images: EvaluatedImages,
): readonly Metric[] | string {
  try {
    return metricsOfPreset(context, images);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** @throws Error saying why the images cannot be measured, and the mend. */
function metricsOfPreset(
  { container, found }: PresetContext,
  { imageShape, labels }: EvaluatedImages,
): readonly Metric[] {
  const { evaluation, dataset } = found.preset;
  if (!evaluation) {
    throw new Error(
      `The preset "${found.name}" names no feature network to measure with: name one in its "evaluation".`,
    );
  }
  const all = container.resolveAll(FEATURE_NETWORKS);
  const provider = all.find(({ name }) => name === evaluation.featureNetwork)?.value;
  if (!provider) {
    throw new Error(
      `The feature network "${evaluation.featureNetwork}" is not installed: install the plugin that brings it to get figures.`,
    );
  }
  if (provider.imageShape && provider.imageShape.join() !== imageShape.join()) {
    throw new Error(
      `The feature network "${provider.name}" reads images of ${provider.imageShape.join('×')}, and these are ${imageShape.join('×')}.`,
    );
  }
  const reference =
    dataset !== undefined &&
    (provider.references?.[dataset] !== undefined ||
      container.resolveAll(DATASETS).some(({ name }) => name === dataset));
  return metricsOf(container, evaluation.metrics, { network: provider, labels, reference });
}

/** See `selectMetrics`; of all metrics that are registered. */
function metricsOf(
  container: ServiceContainer,
  named: readonly string[] | undefined,
  inputs: MetricInputs,
): readonly Metric[] {
  const registered = container.resolveAll(METRICS);
  // The registry knows the nearest name, which metrics themselves do not.
  for (const name of named ?? []) namedOption('metric', registered, name);
  const available = registered.map(({ value }) => value);
  return selectMetrics(named, available, inputs).metrics;
}

/**
 * Loads what the preset's images are measured with.
 * @throws Error when they cannot be measured (see `whyNotMeasured`), or a metric that is named lacks
 *   what it needs.
 */
export async function openEvaluator(
  context: PresetContext,
  evaluated: EvaluatedImages,
): Promise<ImageEvaluator> {
  const reason = whyNotMeasured(context, evaluated);
  if (reason !== undefined) throw new Error(reason);
  const { container, found } = context;
  const named = found.preset.evaluation!.metrics;
  const provider = providerOf(context);
  const network = await provider.open(context.compiler);
  const onImages = watchedImages(context, provider.name);
  const reference = await referenceOf(context, provider, network, onImages);
  const metrics = metricsOf(container, named, {
    network,
    labels: evaluated.labels,
    reference: reference !== undefined,
  });
  const measure = (own: readonly Metric[], images: HostTensor, classes?: Int32Array) =>
    evaluateImages({ network, metrics: own, reference, onImages }, images, classes);
  const measuring = (own: readonly Metric[]): TeacherEvaluator => ({
    columns: metricColumns(own, provider),
    evaluate: (images, condition) => measure(own, images, classesOf(condition)),
  });
  return {
    provider,
    network,
    ...measuring(metrics),
    statistics: (images) => pooledStatistics({ network, onImages }, images),
    withTeacher: (samples) => {
      const place = metrics.findIndex(({ name }) => name === FRECHET_DISTANCE.name) + 1;
      return measuring(metrics.toSpliced(place, 0, teacherDistance(samples)));
    },
    ...(metrics.some(({ name }) => name === FRECHET_DISTANCE.name)
      ? {
          frechetDistance: async (images: HostTensor) => {
            const { values } = await measure([FRECHET_DISTANCE], images);
            return values[FRECHET_DISTANCE.name]!;
          },
        }
      : {}),
    dispose: () => network.dispose(),
  };
}

/**
 * Opens what images will be measured with, and closes it again, so that what is missing or damaged is said
 * before any work is done. Does nothing where nothing can be measured (see `whyNotMeasured`).
 * @throws what the feature network, its reference set or the data set throws.
 */
export async function checkEvaluator(
  context: PresetContext,
  evaluated: EvaluatedImages,
): Promise<void> {
  if (whyNotMeasured(context, evaluated) !== undefined) return;
  const provider = providerOf(context);
  await (await provider.open(context.compiler)).dispose();
  const name = context.found.preset.dataset;
  if (name === undefined) return;
  const file = provider.references?.[name];
  if (file === undefined) await installedDataset(context, name)?.open();
  else await loadReferenceSet(file);
}

/** The feature network that the preset names, which has one. */
export function providerOf({ container, found }: PresetContext): FeatureNetworkProvider {
  const { featureNetwork } = found.preset.evaluation!;
  return namedOption('feature network', container.resolveAll(FEATURE_NETWORKS), featureNetwork)
    .value;
}

function installedDataset({ container }: WorkflowContext, name: string) {
  return container.resolveAll(DATASETS).find((one) => one.name === name)?.value;
}

/** Shows how many images a feature network has read; throws the signal's reason when it is aborted. */
export function watchedImages(
  { progress, signal }: Pick<WorkflowContext, 'progress' | 'signal'>,
  network: string,
): OnImages {
  return (done, total) => {
    signal.throwIfAborted();
    progress.update({ stage: `features of ${network}`, done, total, metrics: {} });
  };
}

/** The reference set that ships, else one of the test split when the data set is installed. */
async function referenceOf(
  context: PresetContext,
  provider: FeatureNetworkProvider,
  network: Awaited<ReturnType<FeatureNetworkProvider['open']>>,
  onImages: OnImages,
): Promise<MetricReference | undefined> {
  const name = context.found.preset.dataset;
  if (name === undefined) return undefined;
  const file = provider.references?.[name];
  if (file !== undefined) return loadReferenceSet(file);
  const dataset = installedDataset(context, name);
  if (!dataset) return undefined;
  context.progress.message(`Reference features of "${name}" are computed, because none ship.`);
  const { test } = await dataset.open();
  return computeReference(network, test, dataset.classes, onImages);
}

/** The data set that a preset names; throws when it names none or it is not installed. */
export function datasetOf({ container }: WorkflowContext, name: string) {
  return namedOption('data set', container.resolveAll(DATASETS), name).value;
}
