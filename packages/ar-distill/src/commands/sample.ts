import { printableLine } from '@ar-distill/core';
import { significant } from '@ar-distill/evaluation/report';
import type { Command } from 'commander';
import { resolveOptions } from '../config/resolve-options';
import { sampleSchema } from '../config/schemas';
import { commandLine, optionWords } from './command-line';
import { DEFAULT_PRESET } from './default-preset';
import { drawerWords } from './drawer-words';
import type { CommandEnvironment } from './environment';
import {
  givenFlags,
  toNumber,
  toNumbers,
  withCommonOptions,
  withConfigOption,
  withDrawerOptions,
} from './flags';
import { presetExamples } from './preset-examples';
import { work } from './rehearsal';

const DEFAULTS = { count: 100, seed: 0, out: 'samples.png' };

/** `ar-distill sample`. */
export function addSampleCommand(program: Command, env: CommandEnvironment): void {
  const command = withDrawerOptions(
    program
      .command('sample')
      .description('draw images in one step (or with the teacher) into a PNG grid'),
    'sample the teacher AR step by AR step instead',
  )
    .option('--count <n>', `images (default: ${DEFAULTS.count})`, toNumber)
    .option('--classes <list>', 'labels, taken in turn, e.g. 0,3,7 (default: all)', toNumbers)
    .option('--seed <n>', `seed of the noise (default: ${DEFAULTS.seed})`, toNumber)
    .option('--out <file>', `grid picture, a .png (default: ${DEFAULTS.out})`)
    .option('--npz <file>', 'also write the images as a NumPy archive, an .npz')
    .option('--teacher-steps <n>', 'let the teacher sample the last n AR steps again', toNumber)
    .addHelpText(
      'after',
      presetExamples(env, (preset) => [
        'sample',
        'sample --count 16 --classes 3,8 --seed 7 --out threes-and-eights.png',
        `sample --run runs/00002-${preset} --teacher-steps 1`,
        `sample --preset ${preset} --teacher --count 10000 --npz teacher.npz`,
      ]),
    );
  withCommonOptions(withConfigOption(command)).action(async () => {
    const given = resolveOptions(sampleSchema, givenFlags(command), env.cwd);
    const options = { ...DEFAULTS, ...given, defaultPreset: DEFAULT_PRESET };
    const result = await work(env, options, (container, run) =>
      env.workflows.sample(container, options, run),
    );
    if (result === undefined) return;
    const { evaluations, secondsPerImage } = result;
    const { count, out, npz, preset, teacher, tokenizer } = options;
    const plural = count === 1 ? 'image' : 'images';
    env.finish({
      document: { count, out, npz, evaluations, secondsPerImage },
      text:
        `Network evaluations per image: ${evaluations}\n` +
        `${count} ${plural} in ${printableLine(out)}, ${significant(secondsPerImage)} s per image\n`,
      next: commandLine(
        env,
        options,
        // Nothing may be there to measure the images of a foreign teacher.
        typeof teacher === 'string'
          ? ['distill', '--print-config', ...optionWords({ preset, teacher, tokenizer })]
          : ['eval', ...drawerWords(options)],
      ),
    });
  });
}
