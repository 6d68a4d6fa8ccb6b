import { refuseTogether } from '@ar-distill/workflows';
import type { Command } from 'commander';
import { speedUpTable } from '@ar-distill/evaluation/report';
import { resolveOptions } from '../config/resolve-options';
import { evaluateSchema } from '../config/schemas';
import { DEFAULT_PRESET } from './default-preset';
import type { CliEnvironment } from './environment';
import {
  givenFlags,
  toNames,
  toNumber,
  withCommonOptions,
  withConfigOption,
  withDrawerOptions,
} from './flags';
import { presetExamples } from './preset-examples';
import { withWorkflow } from './session';

/** What is measured for the speed is timed, not looked at. */
const SPEED_EXCLUSIONS = [
  {
    option: 'speed',
    excludes: [
      'reconstruction',
      'npz',
      'samples',
      'metrics',
      'json',
      'draws',
      'pathLength',
      'teacherDistance',
    ],
    because: 'calls are timed and no images measured',
  },
  { option: 'speed', excludes: ['steps'], because: 'it is one step that is timed' },
] as const;

/** `ar-distill eval`. */
export function addEvaluateCommand(program: Command, env: CliEnvironment): void {
  const command = withDrawerOptions(
    program.command('eval').description('measure the images of a generator, the teacher or a file'),
    "measure the teacher's samples instead",
  )
    .option('--reconstruction', "measure the tokenizer's reconstructions of the test set instead")
    .option('--npz <file>', 'measure the images and labels of a NumPy archive instead')
    .option('--speed', 'measure how much faster one step is than the teacher instead')
    .option(
      '--samples <n>',
      'samples to measure (default: 10000; of reconstructions all)',
      toNumber,
    )
    .option('--seed <n>', 'seed of the noise', toNumber)
    .option('--metrics <list>', 'metrics by name, e.g. frechet-distance,recall', toNames)
    .option('--draws <n>', 'draw so often: mean and deviation of every figure', toNumber)
    .option(
      '--path-length [pairs]',
      'path length in noise space of a one-step generator, too (default: 10000 pairs)',
      toNumber,
    )
    .option('--teacher-distance', "distance to as many of the teacher's samples, too")
    .option('--json', 'print names and values of the metrics as JSON')
    .addHelpText(
      'after',
      presetExamples(env, (preset) => [
        'eval',
        `eval --run runs/00002-${preset}`,
        'eval --npz teacher.npz',
        'eval --draws 3 --path-length --teacher-distance',
        'eval --speed',
      ]),
    );
  withCommonOptions(withConfigOption(command)).action(async () => {
    const given = resolveOptions(evaluateSchema, givenFlags(command), env.cwd);
    const { json, ...own } = given;
    const options = { ...own, defaultPreset: DEFAULT_PRESET };
    if (options.speed) {
      const comparisons = await withWorkflow(env, options, (container, run) => {
        refuseTogether({ ...options, json }, SPEED_EXCLUSIONS);
        return env.workflows.measureSpeed(container, options, run);
      });
      env.stdout.write(`${speedUpTable(comparisons)}\n`);
      return;
    }
    const { count, figures, ...measured } = await withWorkflow(env, options, (container, run) =>
      env.workflows.evaluate(container, options, run),
    );
    if (json) {
      env.stdout.write(`${JSON.stringify({ samples: count, ...measured }, null, 2)}\n`);
      return;
    }
    const { definition, draws, pairs } = measured;
    const counted = [
      `${count} images`,
      ...(draws ? [`${draws.length} draws`] : []),
      ...(pairs === undefined ? [] : [`${pairs} pairs for the path length`]),
    ];
    env.stdout.write(`${definition}\n${counted.join(', ')}:\n`);
    for (const { title, text } of figures) env.stdout.write(`  ${title}: ${text}\n`);
  });
}
