import type { Command } from 'commander';
import { speedUpTable } from '@ar-distill/evaluation/report';
import { resolveOptions } from '../config/resolve-options';
import { evaluateSchema } from '../config/schemas';
import { DEFAULT_PRESET } from './default-preset';
import type { CliEnvironment } from './environment';
import { givenFlags, toNumber, withCommonOptions, withConfigOption } from './flags';
import { presetExamples } from './preset-examples';
import { withWorkflow } from './session';

/** `ar-distill eval`. */
export function addEvaluateCommand(program: Command, env: CliEnvironment): void {
  const command = program
    .command('eval')
    .description('measure the images of a generator, the teacher or a file')
    .option('--preset <name>', `preset, or plugin:preset (default: ${DEFAULT_PRESET})`)
    .option(
      '--weights <path>',
      'generator: run, file or model directory (default: the latest run, else what ships)',
    )
    .option(
      '--teacher [path]',
      "measure the teacher's samples instead; its weights or model directory",
    )
    .option('--tokenizer <path>', 'weights or model directory of the tokenizer')
    .option('--guidance <scale>', "guidance of the teacher (default: the preset's)", toNumber)
    .option('--top-k <n>', "likeliest tokens that it draws from (default: the preset's)", toNumber)
    .option('--top-p <share>', "share of probability likewise (default: the preset's)", toNumber)
    .option('--reconstruction', "measure the tokenizer's reconstructions of the test set instead")
    .option('--npz <file>', 'measure the images and labels of a NumPy archive instead')
    .option('--speed', 'measure how much faster one step is than the teacher instead')
    .option('--samples <n>', 'samples to measure (default: 10000)', toNumber)
    .option('--seed <n>', 'seed of the noise', toNumber)
    .addHelpText(
      'after',
      presetExamples(env, (preset) => [
        'eval',
        `eval --weights runs/00002-${preset}`,
        'eval --npz teacher.npz',
        'eval --speed',
      ]),
    );
  withCommonOptions(withConfigOption(command)).action(async () => {
    const given = resolveOptions(evaluateSchema, givenFlags(command), env.cwd);
    const options = { ...given, defaultPreset: DEFAULT_PRESET };
    if (options.speed) {
      const comparisons = await withWorkflow(env, options, (container, run) =>
        env.workflows.measureSpeed(container, options, run),
      );
      env.stdout.write(`${speedUpTable(comparisons)}\n`);
      return;
    }
    const { definition, count, figures } = await withWorkflow(env, options, (container, run) =>
      env.workflows.evaluate(container, options, run),
    );
    env.stdout.write(`${definition}\n${count} images:\n`);
    for (const { title, text } of figures) env.stdout.write(`  ${title}: ${text}\n`);
  });
}
