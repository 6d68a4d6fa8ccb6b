import { speedUpTable } from '@ar-distill/metrics';
import type { Command } from 'commander';
import { resolveOptions } from '../config/resolve-options';
import { evaluateSchema } from '../config/schemas';
import type { CliEnvironment } from './environment';
import { examples, givenFlags, toNumber, withCommonOptions, withConfigOption } from './flags';
import { withPreset } from './session';

/** `ar-distill eval`. */
export function addEvaluateCommand(program: Command, env: CliEnvironment): void {
  const command = program
    .command('eval')
    .description('measure FID-MNIST and class accuracy of a generator, the teacher or a file')
    .option('--preset <name>', 'preset, or plugin:preset (default: mnist-var)')
    .option(
      '--weights <path>',
      'generator: run, file or model directory (default: the latest run, else what ships)',
    )
    .option(
      '--teacher [path]',
      "measure the teacher's samples instead; its weights or model directory",
    )
    .option('--tokenizer <path>', 'weights or model directory of the tokenizer')
    .option('--reconstruction', "measure the tokenizer's reconstructions of the test set instead")
    .option('--npz <file>', 'measure the images and labels of a NumPy archive instead')
    .option('--speed', 'measure how much faster one step is than the teacher instead')
    .option('--samples <n>', 'samples to measure (default: 10000)', toNumber)
    .option('--seed <n>', 'seed of the noise', toNumber)
    .addHelpText(
      'after',
      examples(
        'eval',
        'eval --weights runs/00002-mnist-var',
        'eval --npz teacher.npz',
        'eval --speed',
      ),
    );
  withCommonOptions(withConfigOption(command)).action(async () => {
    const options = resolveOptions(evaluateSchema, givenFlags(command), env.cwd);
    if (options.speed) {
      const comparisons = await withPreset(env, options, (context) =>
        env.recipes.measureSpeed(context, options),
      );
      env.stdout.write(`${speedUpTable(comparisons)}\n`);
      return;
    }
    const { fid, classAccuracy } = await withPreset(env, options, (context) =>
      env.recipes.evaluateModel(context, options),
    );
    env.stdout.write(
      `FID-MNIST ${fid.toFixed(3)}, class accuracy ${(100 * classAccuracy).toFixed(2)}%\n`,
    );
  });
}
