import * as tf from '@tensorflow/tfjs';
import type { Backbone, ConditionSpace } from '@ar-distill/core';
import { checkAdaptation } from './adaptation-checks';
import { type Check, requireThat } from './assertions';
import { conditionChecks } from './condition-checks';
import { generatorChecks } from './generator-checks';
import { networkChecks } from './network-checks';
import { type ConformanceResult, outcome } from './results';
import { type ConformanceOptions, createSubject, disposeSubject, type Subject } from './subject';
import { teacherChecks } from './teacher-checks';
import { samplerChecks } from './sampler-checks';
import { tokenizerChecks } from './tokenizer-checks';

/**
 * Checks a backbone against the contract of its parts: shapes, causality, conditions, finiteness at
 * both ends of time, gradients, the sampler, the generator, the tokenizer. Runs eagerly on tfjs's
 * `cpu` backend with random weights, so `architecture` should be a small one. Works in any test
 * runner: `expect(results.filter((r) => !r.ok)).toEqual([])`.
 * @throws RangeError for batches of less than two.
 */
export async function checkBackbone<A>(
  backbone: Backbone<A>,
  architecture: A,
  options: ConformanceOptions,
): Promise<ConformanceResult[]> {
  if ((options.batchSize ?? 2) < 2) {
    throw new RangeError('Conformance needs batches of 2 or more, to compare samples of a batch.');
  }
  const backend = tf.getBackend();
  await tf.setBackend('cpu');
  try {
    const results = [
      await outcome('backbone: the schema takes the architecture', () => {
        const { success, error } = backbone.architectureSchema.safeParse(architecture);
        requireThat(success, `architectureSchema refuses the architecture: ${error?.message}`);
      }),
    ];
    let subject: Subject | undefined;
    results.push(
      await outcome('backbone: the factories make parts that fit together', () => {
        subject = createSubject(backbone, architecture, options);
        checkAgreement(subject);
      }),
    );
    if (!subject) return results;
    if (backbone.adaptation) {
      const { adaptation } = backbone;
      results.push(
        await outcome('adaptation: gives a teacher that reads code vectors', () =>
          checkAdaptation({ ...backbone, adaptation }, architecture, options.rng),
        ),
      );
    }
    const checks: readonly Check<Subject>[] = [
      ...conditionChecks,
      ...networkChecks,
      ...generatorChecks,
      ...teacherChecks,
      ...samplerChecks,
      ...tokenizerChecks,
    ];
    for (const check of checks) results.push(await runCheck(check, subject));
    disposeSubject(subject);
    return results;
  } finally {
    if (backend) await tf.setBackend(backend);
  }
}

function checkAgreement({ teacher, network, generator, tokenizer, layout }: Subject): void {
  for (const [name, part] of Object.entries({ teacher, generator, tokenizer })) {
    if (!part) continue;
    requireThat(
      part.layout.channels === layout.channels &&
        part.layout.stepLengths.join() === layout.stepLengths.join(),
      `The ${name} has another layout than the network.`,
    );
  }
  for (const [name, part] of Object.entries({ teacher, generator })) {
    requireThat(
      sameForm(part.condition, network.condition),
      `The ${name} declares another condition than the network.`,
    );
  }
  requireThat(teacher.codeScale > 0, `codeScale must be above 0: ${teacher.codeScale}.`);
}

function sameForm(a: ConditionSpace, b: ConditionSpace): boolean {
  const form = ({ values, numClasses }: ConditionSpace): string =>
    JSON.stringify([
      numClasses ?? null,
      ...Object.keys(values)
        .sort()
        .map((name) => {
          const { shape, dtype, nothing = null } = values[name]!;
          return [name, shape, dtype, nothing];
        }),
    ]);
  return form(a) === form(b);
}

async function runCheck(check: Check<Subject>, subject: Subject): Promise<ConformanceResult> {
  return outcome(check.name, async () => {
    tf.engine().startScope();
    try {
      await check.run(subject);
    } finally {
      tf.engine().endScope();
    }
  });
}
