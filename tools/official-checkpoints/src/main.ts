import path from 'node:path';
import { stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { contentsOf, OFFICIAL_FILES, type Wrapping } from './catalogue';
import { writeTorchFile, type FloatType } from './write-torch';

const TYPES: Readonly<Record<string, FloatType>> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
};
const WRAPPINGS: readonly Wrapping[] = [
  'bare',
  'model',
  'module',
  'state_dict',
  'ema',
  'trainer',
  'trainer.ema_parameters',
];
const USAGE = `Usage: main.ts FILE… --out FOLDER [--dtype float32] [--wrapping ${WRAPPINGS.join('|')}] [--seed 0]
Writes random checkpoints of the official form and size.
Files: ${Object.keys(OFFICIAL_FILES).join(', ')}`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      dtype: { type: 'string', default: 'float32' },
      wrapping: { type: 'string' },
      seed: { type: 'string', default: '0' },
      help: { type: 'boolean', default: false },
    },
  });
  const type = TYPES[values.dtype];
  const wrapping = WRAPPINGS.find((known) => known === values.wrapping);
  const unknown = positionals.find((name) => !OFFICIAL_FILES[name]);
  if (values.help || !values.out || !type || unknown !== undefined || positionals.length === 0) {
    console.log(
      unknown === undefined ? USAGE : `There is no official file "${unknown}".\n${USAGE}`,
    );
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  if (values.wrapping !== undefined && !wrapping) {
    throw new Error(`There is no wrapping "${values.wrapping}": ${WRAPPINGS.join(', ')}.`);
  }
  for (const name of positionals) {
    const official = OFFICIAL_FILES[name]!;
    const file = path.join(values.out, name);
    const started = performance.now();
    const contents = contentsOf(official, wrapping ?? official.wrapping);
    await writeTorchFile(file, { type, seed: Number(values.seed), ...contents });
    const { size } = await stat(file);
    const seconds = (performance.now() - started) / 1000;
    console.log(`${file}: ${(size / 2 ** 20).toFixed(0)} MiB in ${seconds.toFixed(1)} s`);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
