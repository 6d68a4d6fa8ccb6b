import { existsSync } from 'node:fs';
import type { DatasetProvider, FeatureNetworkProvider } from '@ar-distill/core';
import { int32, type Rng, type StepCompiler } from '@ar-distill/program';
import { requireHostShape, requireThat } from './assertions';
import type { Check } from './check';
import { requireOneUpdate } from './one-update';
import { randomImages } from './random-images';
import { withoutCompiler } from './subject';

/** A feature network beside what it is run with. */
export interface FeatureSubject {
  readonly provider: FeatureNetworkProvider;
  /** The data set that it is trained on, where the same plugin brings it. */
  readonly dataset: DatasetProvider | undefined;
  readonly rng: Rng;
  readonly compiler: StepCompiler | undefined;
}

const BATCH = 2;
/** Read by networks that resize any image. */
const ANY_IMAGE = [32, 32, 3] as const;

/** Rules of `FeatureNetworkProvider`. */
export const featureChecks: readonly Check<FeatureSubject>[] = [
  {
    id: 'references',
    name: 'its reference files exist',
    run: ({ provider: { references = {} } }) => {
      for (const [dataset, file] of Object.entries(references)) {
        requireThat(existsSync(file), `Its reference of "${dataset}" is missing: "${file}".`);
      }
    },
  },
  {
    id: 'features',
    name: 'images become finite features of its sizes',
    run: async ({ provider, compiler, rng }) => {
      const network = await provider.open(compiler!, { batchSize: BATCH });
      try {
        const shape = [BATCH, ...(provider.imageShape ?? ANY_IMAGE)];
        const { pool } = await network.extract(randomImages(rng, shape), ['pool']);
        requireThat(pool !== undefined, 'It does not give the features "pool".');
        requireHostShape('pool', pool, [BATCH, provider.outputs.pool]);
        requireThat(pool.data.every(Number.isFinite), 'Features are NaN or infinite.');
      } finally {
        await network.dispose();
      }
    },
    exempts: withoutCompiler,
  },
  {
    id: 'features-task',
    name: 'training: the features make one compiled update',
    run: async ({ provider, dataset, compiler, rng }) => {
      const task = provider.training?.createTask();
      const imageShape = dataset?.imageShape ?? provider.imageShape;
      if (!task || !imageShape || !compiler) return;
      const classes = dataset?.classes ?? provider.outputs.logits ?? 1;
      const shape = [BATCH, ...imageShape];
      await requireOneUpdate(task, {
        compiler,
        rng,
        batchSize: BATCH,
        batch: {
          images: randomImages(rng, shape),
          labels: int32([BATCH], rng.integers('conformance/labels', 0, BATCH, classes)),
        },
        initial: {},
      });
    },
    exempts: (subject) => {
      const { training, imageShape } = subject.provider;
      if (!training) return 'it is not trained here';
      if (!imageShape && !subject.dataset) return 'the data set stands in another plugin';
      return withoutCompiler(subject);
    },
  },
];
