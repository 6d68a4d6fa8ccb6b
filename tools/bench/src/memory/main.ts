import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { distillationMemory, type DistillationMemory } from './distillation-memory';
import { MEASURED_MODELS, type MeasuredModelName } from './random-models';

const VARIABLE = 'MALLOC_MMAP_THRESHOLD_';
const MEBIBYTE = 2 ** 20;
/** Most seconds without the variable, as a ratio of those with it. */
const TIME_RATIO = 1.2;
const USAGE = `Usage: main.ts [--model ${Object.keys(MEASURED_MODELS).join('|')}]
Memory and seconds of a distillation without and with malloc's variable, on one thread. Exit code: 0 when
all bars hold, 1 when one does not.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'medium' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  if (!Object.hasOwn(MEASURED_MODELS, values.model)) {
    throw new Error(`There is no model ${JSON.stringify(values.model)}.\n${USAGE}`);
  }
  const name = values.model as MeasuredModelName;
  const folder = await mkdtemp(path.join(tmpdir(), 'ar-distill-memory-'));
  try {
    const writer = fork(path.join(__dirname, 'write-random-model.ts'), [folder, name]);
    const [code] = (await once(writer, 'close')) as [number | null];
    if (code !== 0) throw new Error(`The model could not be written: exit code ${code}.`);
    const measure = async (
      title: string,
      variables: Readonly<Record<string, string>>,
    ): Promise<DistillationMemory> => {
      const measured = await distillationMemory(name, folder, variables);
      console.log(
        `${title}: ${(measured.bytes / MEBIBYTE).toFixed(0)} MiB, ${measured.seconds.toFixed(0)} s`,
      );
      return measured;
    };
    const without = await measure('without the variable', {});
    const with_ = await measure('with it', { [VARIABLE]: String(4 * MEBIBYTE) });
    report(name, without, with_);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function report(
  name: MeasuredModelName,
  without: DistillationMemory,
  with_: DistillationMemory,
): void {
  const most = MEASURED_MODELS[name];
  const memory = without.bytes / with_.bytes;
  const time = without.seconds / with_.seconds;
  const bytesBar =
    most.memory === Infinity ? '' : ` and ${(most.memory / MEBIBYTE).toFixed(0)} MiB at most`;
  const ratioBar = most.memoryRatio === Infinity ? '' : ` (at most ${most.memoryRatio}×)`;
  console.log(
    `memory ${memory.toFixed(2)}×${ratioBar}${bytesBar}, time ${time.toFixed(2)}× (at most ${TIME_RATIO}×)`,
  );
  const holds = memory <= most.memoryRatio && without.bytes <= most.memory && time <= TIME_RATIO;
  process.exitCode = holds ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
