import path from 'node:path';
import type { FeatureNetworkProvider } from '@ar-distill/core';
import { disposing } from '@ar-distill/core/optimization';
import { ShuffledImages } from '@ar-distill/datasets';
import { FEATURE_NETWORKS, type Contribution, type ServiceContainer } from '@ar-distill/di';
import {
  CLASS_ACCURACY,
  computeReference,
  evaluateSplit,
  saveReferenceSet,
} from '@ar-distill/evaluation';
import { openContext } from '../context';
import { InvalidOptionError } from '../errors';
import { firstOf } from '../evaluate/first-of';
import { datasetOf, watchedImages } from '../evaluate/image-evaluator';
import { checkMeasuring, type MeasuringOptions } from '../evaluate/measuring-options';
import type { WorkflowOptions } from '../events';
import { FEATURES_TRAINING, readRun } from '../runs/run-kinds';
import { RUN_VERSION } from '../runs/run-version';
import { namedOption } from '../settings/named-option';
import {
  saveTrained,
  trainInRun,
  type SupervisedOptions,
  type Trained,
  type TrainingResult,
} from './supervised-run';

/** Options of `trainFeatures`. */
export interface TrainFeaturesOptions extends SupervisedOptions, MeasuringOptions {
  /** Name of the feature network; default: the only one that can be trained. */
  readonly name?: string | undefined;
}

/**
 * Trains a feature network on its data set; writes the reference set of the test images that it is
 * measured with, too.
 */
export async function trainFeatures(
  container: ServiceContainer,
  options: TrainFeaturesOptions,
  run: WorkflowOptions = {},
): Promise<TrainingResult> {
  checkMeasuring(options);
  const context = openContext(container, run);
  const { resume } = options;
  const made = resume ? readRun(FEATURES_TRAINING, {}, resume, '--resume') : undefined;
  const { value: provider, plugin } = chosenNetwork(container, options.name ?? made?.network);
  if (made && made.network !== provider.name) {
    throw new InvalidOptionError(
      `"${resume}" trains the feature network "${made.network}", not "${provider.name}": leave the name out.`,
    );
  }
  if (made && made.plugin !== plugin) {
    throw new Error(
      `"${resume}" trains "${made.network}" of ${ownerOf(made.plugin)}, not of ${ownerOf(plugin)}: start a new run, or install what it was started with.`,
    );
  }
  const { training, name } = provider;
  if (!training) {
    throw new InvalidOptionError(
      `The feature network "${name}" cannot be trained: its weights come from elsewhere.`,
    );
  }
  const data = datasetOf(context, training.dataset);
  const { train, test } = await data.open();
  const measured = firstOf(test, options.samples);
  if (options.report !== false && measured.count < 2) {
    throw new InvalidOptionError('A reference set needs 2 images or more: take more samples.');
  }
  const save = (trained: Trained, values: TrainingResult['measured']) =>
    saveTrained(trained, {
      kind: 'features',
      plugin: plugin ?? 'ar-distill',
      preset: name,
      architecture: training.architecture,
      tensors: trained.weights,
      measured: values,
    });
  return trainInRun(
    context,
    {
      kind: FEATURES_TRAINING,
      name: 'features',
      slug: `features-${name}`,
      config: (settings) => ({
        version: RUN_VERSION,
        command: 'train features',
        ...(plugin === undefined ? {} : { plugin }),
        network: name,
        settings,
      }),
      task: training.createTask(),
      settings: training.settings,
      batches: (rng, { batchSize }) => {
        const shuffled = new ShuffledImages(rng, train, batchSize);
        return async (iteration) => ({ ...(await shuffled.read(iteration)) });
      },
    },
    options,
    async (trained) => {
      if (options.report === false) return save(trained, {});
      const values = await disposing(async (own) => {
        const network = own(await provider.open(context.compiler, { weights: trained.weights }));
        const onImages = watchedImages(context, name);
        const reference = await computeReference(network, measured, data.classes, onImages);
        await saveReferenceSet(path.join(trained.run, 'reference.safetensors'), reference);
        const quality = await evaluateSplit(
          { network, metrics: [CLASS_ACCURACY], onImages },
          measured,
        );
        return quality.values;
      });
      return save(trained, { testAccuracy: values[CLASS_ACCURACY.name]! });
    },
  );
}

function ownerOf(plugin: string | undefined): string {
  return plugin === undefined ? 'the application itself' : `the plugin "${plugin}"`;
}

function chosenNetwork(
  container: ServiceContainer,
  name: string | undefined,
): Contribution<FeatureNetworkProvider> {
  const all = container.resolveAll(FEATURE_NETWORKS);
  if (name !== undefined) return namedOption('feature network', all, name);
  const [only, another] = all.filter(({ value }) => value.training !== undefined);
  if (only && !another) return only;
  throw new InvalidOptionError(
    only
      ? 'Several feature networks can be trained: name one.'
      : 'No installed plugin brings a feature network that can be trained: install one that does.',
  );
}
