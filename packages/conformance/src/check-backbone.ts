import * as tf from '@tensorflow/tfjs';
import type { Backbone } from '@ar-distill/core';
import { checkAdaptation } from './adaptation-checks';
import { requireParsed } from './assertions';
import { type Check, CheckRun, type CheckRunOptions } from './check';
import { codebookChecks } from './codebook-checks';
import { conditionChecks } from './condition-checks';
import { flowMapChecks } from './flow-map-checks';
import { generatorChecks } from './generator-checks';
import { guidanceInputChecks } from './guidance-input-checks';
import { counted } from './listening';
import { networkChecks } from './network-checks';
import { createParts, partChecks } from './parts';
import { recognitionChecks } from './recognition-checks';
import type { ConformanceResult } from './results';
import { samplerChecks } from './sampler-checks';
import { startChecks } from './start-checks';
import { storageChecks } from './storage-checks';
import {
  type ConformanceOptions,
  createSubject,
  DEFAULT_SAMPLING,
  disposeSubject,
  type Subject,
} from './subject';
import { teacherChecks } from './teacher-checks';
import { tokenizerChecks } from './tokenizer-checks';
import { trainingChecks } from './training-checks';

/** Rules of the parts, first causes first. */
const SUBJECT_CHECKS: readonly Check<Subject>[] = [
  ...conditionChecks,
  ...tokenizerChecks,
  ...teacherChecks,
  ...codebookChecks,
  {
    id: 'adaptation',
    name: 'adaptation: gives a teacher that reads code vectors',
    needs: ['teacher-shapes'],
    run: ({ backbone, architecture, rng }) => {
      if (backbone.adaptation) {
        checkAdaptation({ ...backbone, adaptation: backbone.adaptation }, architecture, rng);
      }
    },
    exempts: ({ backbone, architecture }) =>
      backbone.adaptation?.isNeeded(architecture) ? undefined : 'the teacher needs no adaptation',
  },
  ...samplerChecks,
  ...startChecks,
  ...networkChecks,
  ...generatorChecks,
  ...guidanceInputChecks,
  ...flowMapChecks,
  ...trainingChecks,
  ...storageChecks,
  ...recognitionChecks,
];

const SCHEMA = { id: 'schema', name: 'backbone: the schema takes the architecture' };
const FACTORIES = { id: 'factories', name: 'backbone: the factories make its parts' };
const WEIGHTS = { id: 'weights', name: 'backbone: its parts take weights from each other' };

/** Rules that `checkBackbone` goes through. */
export const BACKBONE_RULES: readonly string[] = [
  SCHEMA,
  FACTORIES,
  ...partChecks,
  WEIGHTS,
  ...SUBJECT_CHECKS,
].map(({ name }) => name);

/**
 * Checks a backbone against the contract of its parts: finite values, shapes, the codebook that teacher
 * and tokenizer share, causality, conditions, the frequencies of what is sampled, gradients, training,
 * files. One result for every rule, in an order in which a first cause comes before what follows from
 * it, which is skipped. Runs eagerly on tfjs's `cpu` backend with random weights, so `architecture`
 * should be a small one; samplers and updates run on the `compiler`, without which they are skipped.
 * Works in any test runner: `expect(results.filter(({ state }) => state === 'failed')).toEqual([])`.
 * @throws RangeError for batches of less than two, and what the signal was aborted with.
 */
export async function checkBackbone(
  backbone: Backbone,
  architecture: unknown,
  options: ConformanceOptions,
): Promise<ConformanceResult[]> {
  if ((options.batchSize ?? 2) < 2) {
    throw new RangeError('Conformance needs batches of 2 or more, to compare samples of a batch.');
  }
  return runBackboneChecks(
    backbone,
    architecture,
    options,
    counted(options, BACKBONE_RULES.length),
  );
}

/** The same, told to who counts. */
export async function runBackboneChecks(
  backbone: Backbone,
  architecture: unknown,
  options: ConformanceOptions,
  listening: CheckRunOptions,
): Promise<ConformanceResult[]> {
  const backend = tf.getBackend();
  await tf.setBackend('cpu');
  const run = new CheckRun(`backbone "${backbone.name}"`, listening);
  let subject: Subject | undefined;
  try {
    subject = await makeSubject(run, backbone, architecture, options);
    if (subject) await run.runAll(SUBJECT_CHECKS, subject);
    else run.skip(SUBJECT_CHECKS, WEIGHTS.id);
    return run.results;
  } finally {
    if (subject) disposeSubject(subject);
    if (backend) await tf.setBackend(backend);
  }
}

/** Makes everything that the other checks look at, rule by rule. */
async function makeSubject(
  run: CheckRun,
  backbone: Backbone,
  given: unknown,
  options: ConformanceOptions,
): Promise<Subject | undefined> {
  // What AR-Distill makes the parts of is what the schema gives, with its defaults.
  const parsed = await run.make({
    ...SCHEMA,
    make: () => ({
      architecture: requireParsed(
        'architectureSchema refuses the architecture',
        backbone.architectureSchema.safeParse(given),
      ),
    }),
  });
  const architecture = parsed?.architecture;
  const parts = await run.make({
    ...FACTORIES,
    needs: [SCHEMA.id],
    make: () => createParts(backbone, architecture, options.sampling ?? DEFAULT_SAMPLING),
  });
  if (parts) await run.runAll(partChecks, parts);
  else run.skip(partChecks, FACTORIES.id);
  return run.make({
    ...WEIGHTS,
    needs: [FACTORIES.id, ...partChecks.map(({ id }) => id)],
    make: () => createSubject(backbone, architecture, parts!, options),
  });
}
