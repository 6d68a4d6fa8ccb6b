import type { Command } from 'commander';
import { resolveOptions } from '../config/resolve-options';
import { sampleSchema } from '../config/schemas';
import { DEFAULT_PRESET } from './default-preset';
import type { CliEnvironment } from './environment';
import { givenFlags, toNumber, toNumbers, withCommonOptions, withConfigOption } from './flags';
import { presetExamples } from './preset-examples';
import { withWorkflow } from './session';

const DEFAULTS = { count: 100, seed: 0, out: 'samples.png' };

/** `ar-distill sample`. */
export function addSampleCommand(program: Command, env: CliEnvironment): void {
  const command = program
    .command('sample')
    .description('draw images in one step (or with the teacher) into a PNG grid')
    .option('--preset <name>', `preset, or plugin:preset (default: ${DEFAULT_PRESET})`)
    .option(
      '--weights <path>',
      'generator: run, file or model directory (default: the latest run, else what ships)',
    )
    .option(
      '--teacher [path]',
      'sample the teacher AR step by AR step instead; its weights or model directory',
    )
    .option('--tokenizer <path>', 'weights or model directory of the tokenizer')
    .option('--guidance <scale>', "guidance of the teacher (default: the preset's)", toNumber)
    .option('--top-k <n>', "likeliest tokens that it draws from (default: the preset's)", toNumber)
    .option('--top-p <share>', "share of probability likewise (default: the preset's)", toNumber)
    .option('--count <n>', `images (default: ${DEFAULTS.count})`, toNumber)
    .option('--classes <list>', 'labels, taken in turn, e.g. 0,3,7 (default: all)', toNumbers)
    .option('--seed <n>', `seed of the noise (default: ${DEFAULTS.seed})`, toNumber)
    .option('--out <file>', `grid picture (default: ${DEFAULTS.out})`)
    .option('--npz <file>', 'also write the images as a NumPy archive')
    .option('--snap', 'replace every code vector by the nearest code before decoding')
    .option('--teacher-steps <n>', 'let the teacher sample the last n AR steps again', toNumber)
    .addHelpText(
      'after',
      presetExamples(env, (preset) => [
        'sample',
        'sample --count 16 --classes 3,8 --seed 7 --out threes-and-eights.png',
        `sample --weights runs/00002-${preset} --teacher-steps 1`,
        `sample --preset ${preset} --teacher --count 10000 --npz teacher.npz`,
      ]),
    );
  withCommonOptions(withConfigOption(command)).action(async () => {
    const given = resolveOptions(sampleSchema, givenFlags(command), env.cwd);
    const options = { ...DEFAULTS, ...given, defaultPreset: DEFAULT_PRESET };
    const { evaluations, secondsPerImage } = await withWorkflow(env, options, (container, run) =>
      env.workflows.sample(container, options, run),
    );
    const plural = options.count === 1 ? 'image' : 'images';
    env.stdout.write(
      `Network evaluations per image: ${evaluations}\n` +
        `${options.count} ${plural} in ${options.out}, ${secondsPerImage.toPrecision(3)} s per image\n`,
    );
  });
}
