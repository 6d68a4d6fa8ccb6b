import path from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { findPython, type Python } from '@ar-distill/bench';
import { createEngine } from '@ar-distill/engine';
import { createRng, type StepCompiler } from '@ar-distill/program';
import { compareSpecs, type Outcome, TOLERANCE } from './compare';
import { llamagenDdFamily, varDdFamily } from './dd-families';
import type { Family } from './family';
import { keepTransformer } from './kept-transformer';
import { llamagenFamily } from './llamagen-family';
import { isCheckout, runOfficial } from './official-side';
import { varFamily } from './var-family';

const USAGE = `Usage: main.ts [--var CHECKOUT] [--llamagen CHECKOUT] [--distilled-decoding CHECKOUT]
  [--count 24] [--seed 0] [--first 0] [--keep FOLDER]
Compares random small models with the official code in the checkouts of
github.com/FoundationVision/VAR, github.com/FoundationVision/LlamaGen and
github.com/microsoft/distilled_decoding.`;

interface Sweep {
  readonly python: Python;
  readonly compiler: StepCompiler;
  readonly count: number;
  readonly seed: number;
  readonly first: number;
  readonly keep: string | undefined;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      var: { type: 'string' },
      llamagen: { type: 'string' },
      'distilled-decoding': { type: 'string' },
      count: { type: 'string', default: '24' },
      seed: { type: 'string', default: '0' },
      first: { type: 'string', default: '0' },
      keep: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const python = findPython();
  if (!python) {
    console.log('Skipped: no Python here imports torch; set PYTHON to one that does.');
    return;
  }
  const numbers = {
    count: wholeNumber('--count', values.count),
    seed: wholeNumber('--seed', values.seed),
    first: wholeNumber('--first', values.first),
  };
  tf.enableProdMode();
  const engine = createEngine({ worker: false, threads: 1 });
  const sweep: Sweep = { python, compiler: engine, ...numbers, keep: values.keep };
  try {
    // Each family's code is a folder of its own there.
    const dd1 = values['distilled-decoding'];
    const ofDd1 = (folder: string): string | undefined => dd1 && path.join(dd1, folder);
    const good = [
      await sweepFamily(varFamily, '--var', values.var, sweep),
      await sweepFamily(llamagenFamily, '--llamagen', values.llamagen, sweep),
      await sweepFamily(varDdFamily, '--distilled-decoding', ofDd1('VAR'), sweep),
      await sweepFamily(llamagenDdFamily, '--distilled-decoding', ofDd1('LlamaGen'), sweep),
    ];
    if (good.includes(false)) process.exitCode = 1;
  } finally {
    await engine.dispose();
  }
}

/** Whether all that was compared is within the tolerance. */
async function sweepFamily<A, S>(
  family: Family<A, S>,
  option: string,
  checkout: string | undefined,
  { python, compiler, count, seed, first, keep }: Sweep,
): Promise<boolean> {
  if (checkout === undefined) {
    console.log(`\n${family.name}: skipped, ${option} names no checkout of the official code.`);
    return true;
  }
  if (!isCheckout(family, checkout)) {
    console.log(`\n${family.name}: skipped, "${checkout}" has no ${family.landmark}.`);
    return true;
  }
  console.log(`\n${family.name}: ${count} configurations, PyTorch ${python.torch}`);
  const rng = createRng(seed);
  const configurations = Array.from({ length: count }, (_, i) => family.configure(rng, first + i));
  const worst = new Map<string, Outcome & { readonly configuration: number }>();
  let failures = 0;
  let index = first;
  for await (const { weights, outputs } of runOfficial(family, configurations, checkout, python)) {
    const configuration = configurations[index - first]!;
    console.log(`${String(index).padStart(3)}  ${family.describe(configuration)}`);
    const { transformer, tokenizer } = family.specs(configuration.architecture);
    const outcomes = [
      compareSpecs({ ...transformer, ...tokenizer }, weights, family.buffers),
      ...(await family.transformer(configuration, weights, outputs, compiler)),
      ...((await family.tokenizer?.(configuration, weights, outputs, compiler)) ?? []),
    ];
    if (keep !== undefined) {
      const folder = path.join(keep, `${family.name}-${seed}-${index}`);
      await keepTransformer(family, folder, { configuration, weights, outputs });
    }
    for (const outcome of outcomes) {
      if (!outcome.ok) failures++;
      if (!outcome.ok || outcome.remark) console.log(`       ${line(outcome)}`);
      const before = worst.get(outcome.name);
      if (!before || !(outcome.error <= before.error)) {
        worst.set(outcome.name, { ...outcome, configuration: index });
      }
    }
    index++;
  }
  console.log(`\n${family.name}: worst max|Δ| / max|reference| of each array`);
  for (const outcome of worst.values()) {
    console.log(
      `  ${outcome.name.padEnd(22)} ${outcome.error.toExponential(1).padStart(8)}` +
        `  (configuration ${outcome.configuration})`,
    );
  }
  console.log(
    failures === 0
      ? `  all within ${TOLERANCE}, all tokens equal (but for ties, noted above)`
      : `  ${failures} comparisons FAILED`,
  );
  return failures === 0;
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new Error(`${option} takes a whole number from 0, not "${text}".`);
  return Number(text);
}

function line({ name, ok, error, remark }: Outcome): string {
  return `${ok ? 'note' : 'FAIL'}  ${name}: ${remark ?? `error ${error.toExponential(1)}`}`;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
