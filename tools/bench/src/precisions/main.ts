import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Backbone, SequenceLayout } from '@ar-distill/core';
import { drawSampleNoise } from '@ar-distill/core/sampling';
import { createModelExporter } from '@ar-distill/engine';
import { llamagenBackbone, plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as varPlugin, varBackbone } from '@ar-distill/plugin-var';
import {
  type CompiledStep,
  createRng,
  type HostTensors,
  int32,
  MODEL_PRECISIONS,
} from '@ar-distill/program';
import { runCommand } from '@ar-distill/same-bytes';
import { median } from '../compare';

const REPOSITORY = path.resolve(__dirname, '../../../..');
const REGISTER = './tools/jest/register.js';
const COMMAND = 'packages/ar-distill/src/main.ts';

/** Generators that ship, by their presets. */
const LAYOUTS: Readonly<Record<string, () => SequenceLayout>> = {
  'mnist-var': () => layoutIn(varBackbone, varPlugin.presets!['mnist-var']!.architecture),
  'mnist-llamagen': () =>
    layoutIn(llamagenBackbone, llamagen.presets!['mnist-llamagen']!.architecture),
};
/** Of MNIST. */
const CLASSES = 10;

const USAGE = `Usage: main.ts [PRESET…] [--batches 1,16,100] [--rounds 21] [--threads 2]
Milliseconds per image of the ONNX models of ${Object.keys(LAYOUTS).join(' and ')} in every precision, in turns,
for so many images per call.`;

/** Rounds that are run and not timed. */
const WARM_UP = 2;
/** ONNX Runtime's threads wait busily for a moment: one model's must not slow the next one down. */
const PAUSE_MS = 20;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      batches: { type: 'string', default: '1,16,100' },
      rounds: { type: 'string', default: '21' },
      threads: { type: 'string', default: '2' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const names = positionals.length > 0 ? positionals : Object.keys(LAYOUTS);
  const unknown = names.find((name) => !Object.hasOwn(LAYOUTS, name));
  if (unknown !== undefined) throw new Error(`There is no preset "${unknown}".\n${USAGE}`);
  const [rounds, threads] = [count(values.rounds), count(values.threads)];
  const batches = values.batches.split(',').map(count);
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());
  const folder = await mkdtemp(path.join(tmpdir(), 'ar-distill-precisions-'));
  try {
    for (const preset of names) {
      const models = await exported(preset, folder, threads, interrupt.signal);
      for (const batch of batches) {
        const inputs = inputsOf(LAYOUTS[preset]!(), batch);
        const times = await timed([...models.values()], inputs, rounds, interrupt.signal);
        report(preset, batch, [...models.keys()], times);
      }
      for (const model of models.values()) await model.dispose();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The generator of a preset as an ONNX model of every precision. */
async function exported(
  preset: string,
  folder: string,
  threads: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, CompiledStep>> {
  const exporter = createModelExporter({ threads });
  const models = new Map<string, CompiledStep>();
  for (const precision of MODEL_PRECISIONS) {
    const out = path.join(folder, `${preset}-${precision}`);
    const words = ['export', '--preset', preset, '--onnx', precision, '--samples', '100'];
    await runCommand(
      process.execPath,
      ['-C', '@ar-distill/source', '-r', REGISTER, COMMAND, ...words, '--out', out],
      { cwd: REPOSITORY, signal },
    );
    models.set(precision, await exporter.open(path.join(out, 'generator.onnx')));
  }
  return models;
}

/** Milliseconds of every call of every model, which take turns: other load slows all of them down alike. */
async function timed(
  models: readonly CompiledStep[],
  inputs: HostTensors,
  rounds: number,
  signal: AbortSignal,
): Promise<readonly (readonly number[])[]> {
  const times = models.map((): number[] => []);
  for (let round = 0; round < WARM_UP + rounds; round++) {
    for (const [at, model] of models.entries()) {
      signal.throwIfAborted();
      const started = performance.now();
      await model.run(inputs);
      if (round >= WARM_UP) times[at]!.push(performance.now() - started);
      await pause(PAUSE_MS);
    }
  }
  return times;
}

function report(
  preset: string,
  batch: number,
  names: readonly string[],
  times: readonly (readonly number[])[],
): void {
  const [exact, ...others] = times.map((calls) => median(calls) / batch);
  const shown = [exact!, ...others].map(
    (time, at) => `${names[at]} ${time.toFixed(3)} ms (${(time / exact!).toFixed(2)}×)`,
  );
  console.log(`${preset}, ${batch} per call: ${shown.join(', ')} an image`);
}

function inputsOf(layout: SequenceLayout, batch: number): HostTensors {
  const labels = Int32Array.from({ length: batch }, (_, i) => i % CLASSES);
  return { noise: drawSampleNoise(layout, createRng(0), 0, batch), labels: int32([batch], labels) };
}

function layoutIn<A>(
  { architectureSchema, createNetwork }: Backbone<A>,
  architecture: unknown,
): SequenceLayout {
  return createNetwork(architectureSchema.parse(architecture)).layout;
}

function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`"${text}" is no number from 1 on.\n${USAGE}`);
  return Number(text);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
