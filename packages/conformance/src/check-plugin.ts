import * as tf from '@tensorflow/tfjs';
import { PLUGIN_CONTRACT_VERSION, type PluginDefinition } from '@ar-distill/core';
import { checkAdaptation } from './adaptation-checks';
import { type Check, requireThat } from './assertions';
import { networkChecks } from './network-checks';
import { type ConformanceOptions, createSubject, disposeSubject, type Subject } from './subject';
import { teacherChecks } from './teacher-checks';
import { tokenizerChecks } from './tokenizer-checks';

/** Outcome of one rule. */
export interface ConformanceResult {
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong, in a sentence; empty when `ok`. */
  readonly detail: string;
}

/**
 * Checks a plugin against the contract of its parts: shapes, causality, labels, finiteness at both
 * ends of time, gradients, the sampler, the tokenizer. Runs eagerly on tfjs's `cpu` backend with
 * random weights, so `architecture` should be a small one. Works in any test runner:
 * `expect(results.filter((r) => !r.ok)).toEqual([])`.
 */
export async function checkPlugin<A>(
  definition: PluginDefinition<A>,
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
      await outcome('definition: the contract, the presets and the architecture', () =>
        checkDefinition(definition, architecture),
      ),
    ];
    let subject: Subject | undefined;
    results.push(
      await outcome('definition: the factories make parts of one layout', () => {
        subject = createSubject(definition, architecture, options);
        checkAgreement(subject);
      }),
    );
    if (!subject) return results;
    if (definition.adaptation) {
      const { adaptation } = definition;
      results.push(
        await outcome('adaptation: gives a teacher that reads code vectors', () =>
          checkAdaptation({ ...definition, adaptation }, architecture, options.rng),
        ),
      );
    }
    const checks: readonly Check<Subject>[] = [
      ...networkChecks,
      ...teacherChecks,
      ...tokenizerChecks,
    ];
    for (const check of checks) results.push(await runCheck(check, subject));
    disposeSubject(subject);
    return results;
  } finally {
    if (backend) await tf.setBackend(backend);
  }
}

function checkDefinition<A>(definition: PluginDefinition<A>, architecture: A): void {
  requireThat(
    definition.contractVersion === PLUGIN_CONTRACT_VERSION,
    `The contract version is ${definition.contractVersion} instead of ${PLUGIN_CONTRACT_VERSION}.`,
  );
  const parsed = definition.architectureSchema.safeParse(architecture);
  requireThat(
    parsed.success,
    `architectureSchema refuses the architecture: ${parsed.error?.message}`,
  );
  for (const [name, preset] of Object.entries(definition.presets)) {
    const result = definition.architectureSchema.safeParse(preset.architecture);
    requireThat(
      result.success,
      `architectureSchema refuses the preset "${name}": ${result.error?.message}`,
    );
  }
}

function checkAgreement({ teacher, network, tokenizer, layout }: Subject): void {
  for (const [name, part] of Object.entries({ teacher, tokenizer })) {
    if (!part) continue;
    requireThat(
      part.layout.channels === layout.channels &&
        part.layout.stepLengths.join() === layout.stepLengths.join(),
      `The ${name} has another layout than the network.`,
    );
  }
  requireThat(
    teacher.numClasses === network.numClasses,
    `The teacher has ${teacher.numClasses} classes and the network ${network.numClasses}.`,
  );
  requireThat(teacher.codeScale > 0, `codeScale must be above 0: ${teacher.codeScale}.`);
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

async function outcome(name: string, run: () => void | Promise<void>): Promise<ConformanceResult> {
  try {
    await run();
    return { name, ok: true, detail: '' };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
