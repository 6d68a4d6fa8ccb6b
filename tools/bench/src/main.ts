import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { elementCount } from '@ar-distill/program';
import type { BenchModel, BenchSide } from './bench-model';
import { compare, type SideSummary } from './compare';
import { engineSide } from './engine-side';
import { findPython } from './find-python';
import { MODELS } from './models';
import { pytorchSide } from './pytorch-side';
import { tensorflowSide } from './tensorflow-side';

const USAGE = `Usage: main.ts [model…] [--pairs 5] [--threads 2] [--no-pytorch] [--no-tensorflow]
  [--profile]
Models: ${Object.keys(MODELS).join(', ')} (default: all)`;

interface Options {
  readonly pairs: number;
  readonly threads: number;
  readonly pytorch: boolean;
  readonly tensorflow: boolean;
  readonly profile: boolean;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      pairs: { type: 'string', default: '5' },
      threads: { type: 'string', default: '2' },
      'no-pytorch': { type: 'boolean', default: false },
      'no-tensorflow': { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const names = positionals.length ? positionals : Object.keys(MODELS);
  const unknown = names.find((name) => !MODELS[name]);
  if (unknown !== undefined) throw new Error(`There is no model "${unknown}".\n${USAGE}`);
  const [name] = names;
  if (names.length > 1 || name === undefined) {
    for (const each of names) runAlone(each);
    return;
  }
  await measure(MODELS[name]!(), {
    pairs: Number(values.pairs),
    threads: Number(values.threads),
    pytorch: !values['no-pytorch'],
    tensorflow: !values['no-tensorflow'],
    profile: values.profile,
  });
}

/** A process per model: peaks of memory would hide each other in one. */
function runAlone(name: string): void {
  const flags = process.argv.slice(2).filter((argument) => !MODELS[argument]);
  const { status } = spawnSync(
    process.execPath,
    [...process.execArgv, __filename, name, ...flags],
    { stdio: 'inherit' },
  );
  if (status !== 0) throw new Error(`The comparison of "${name}" ended with code ${status}.`);
}

async function measure(model: BenchModel, options: Options): Promise<void> {
  const shapes = Object.values(model.parameters).map(({ shape }) => shape);
  const count = shapes.reduce((total, shape) => total + elementCount(shape), 0);
  console.log(`\n${model.name}: ${model.description}, ${(count / 1e6).toFixed(2)}M parameters`);
  const compiled = await engineSide(model, { threads: options.threads, profile: options.profile });
  const sides: BenchSide[] = [compiled];
  try {
    await addOthers(sides, model, options);
    report(await compare(sides, options.pairs));
    if (options.profile) {
      for (const { operators } of await compiled.profile()) {
        const total = operators.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
        for (const { operator, calls, milliseconds } of operators) {
          const share = ((100 * milliseconds) / total).toFixed(1).padStart(5);
          console.log(`  ${share} %  ${operator} (${calls} calls)`);
        }
      }
    }
  } finally {
    for (const side of sides) await side.close();
  }
}

/** Starts what the compiled step is compared with, as far as it is installed. */
async function addOthers(
  sides: BenchSide[],
  model: BenchModel,
  { pytorch, tensorflow, threads }: Options,
): Promise<void> {
  if (pytorch) {
    const python = findPython();
    if (python) sides.push(await pytorchSide(model, { python, threads }));
    else console.log('  No Python here imports torch (set PYTHON): PyTorch is not measured.');
  }
  if (tensorflow) {
    const side = await tensorflowSide(model, { threads });
    if (side) sides.push(side);
    else console.log('  There is no backend tensorflow (docs/tensorflow.md): it is not measured.');
  }
}

function report(sides: readonly SideSummary[]): void {
  for (const [at, side] of sides.entries()) {
    const { name, medianMilliseconds, peakMemory, lastLoss, ratio, lossDifference } = side;
    const against = `ratio ${ratio.toFixed(2)}, losses differ by ${lossDifference.toExponential(1)}`;
    console.log(
      `  ${name.padEnd(20)} ${medianMilliseconds.toFixed(1).padStart(8)} ms/step` +
        `  peak ${(peakMemory / 2 ** 20).toFixed(0).padStart(5)} MiB  loss ${lastLoss.toFixed(6)}` +
        (at > 0 ? `  ${against}` : ''),
    );
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
