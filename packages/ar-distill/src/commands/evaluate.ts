import { refuseTogether } from '@ar-distill/workflows';
import type { Command } from 'commander';
import { speedUpTable } from '@ar-distill/evaluation/report';
import { resolveOptions } from '../config/resolve-options';
import { evaluateSchema } from '../config/schemas';
import { commandLine } from './command-line';
import { DEFAULT_PRESET } from './default-preset';
import { drawerWords } from './drawer-words';
import type { CommandEnvironment } from './environment';
import {
  givenFlags,
  toNames,
  toNumber,
  withCommonOptions,
  withConfigOption,
  withDrawerOptions,
} from './flags';
import { presetExamples } from './preset-examples';
import { work } from './rehearsal';

/** What is measured for the speed is timed, not looked at. */
const SPEED_EXCLUSIONS = [
  {
    option: 'speed',
    excludes: [
      'reconstruction',
      'npz',
      'samples',
      'metrics',
      'snap',
      'draws',
      'pathLength',
      'teacherDistance',
    ],
    because: 'calls are timed and no images measured',
  },
  { option: 'speed', excludes: ['steps'], because: 'it is one step that is timed' },
] as const;

/** `ar-distill eval`. */
export function addEvaluateCommand(program: Command, env: CommandEnvironment): void {
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
    const options = { ...given, defaultPreset: DEFAULT_PRESET };
    const drawer = drawerWords(options);
    if (options.speed) {
      const comparisons = await work(env, options, (container, run) => {
        refuseTogether(options, SPEED_EXCLUSIONS);
        return env.workflows.measureSpeed(container, options, run);
      });
      if (comparisons === undefined) return;
      env.finish({
        document: { comparisons },
        text: `${speedUpTable(comparisons)}\n`,
        next: commandLine(env, options, ['sample', ...drawer]),
      });
      return;
    }
    const result = await work(env, options, (container, run) =>
      env.workflows.evaluate(container, options, run),
    );
    if (result === undefined) return;
    const { count, figures, ...measured } = result;
    const { definition, draws, pairs } = measured;
    const counted = [
      `${count} images`,
      ...(draws ? [`${draws.length} draws`] : []),
      ...(pairs === undefined ? [] : [`${pairs} pairs for the path length`]),
    ];
    const lines = figures.map(({ title, text }) => `  ${title}: ${text}\n`);
    const isDrawn = options.npz === undefined && !options.reconstruction;
    env.finish({
      document: { samples: count, ...measured },
      text: `${definition}\n${counted.join(', ')}:\n${lines.join('')}`,
      next: isDrawn
        ? commandLine(env, options, [
            ...(options.teacher ? ['sample'] : ['eval', '--speed']),
            ...drawer,
          ])
        : undefined,
    });
  });
}
