import type { Command } from 'commander';
import { resolveOptions } from '../config/resolve-options';
import { adaptSchema } from '../config/schemas';
import type { CliEnvironment } from './environment';
import {
  examples,
  givenFlags,
  toNumber,
  toSetting,
  withCommonOptions,
  withConfigOption,
} from './flags';
import { withPreset } from './session';

/** Flags whose value is nested in the schema. */
const RENAMED = {
  set: 'settings',
  seed: 'settings.seed',
  iterations: 'settings.fineTuning.iterations',
  batchSize: 'settings.fineTuning.batchSize',
};

/** `ar-distill adapt`. */
export function addAdaptCommand(program: Command, env: CliEnvironment): void {
  const command = program
    .command('adapt')
    .description('adapt a teacher that reads tokens to continuous code vectors')
    .option('--preset <name>', 'preset, or plugin:preset (default: mnist-var)')
    .option('--out <folder>', 'folder that run directories are made in (default: runs)')
    .option('--resume <run>', 'run directory to go on with')
    .option('--teacher <path>', 'weights or model directory of the teacher (default: what ships)')
    .option(
      '--tokenizer <path>',
      'weights or model directory of the tokenizer (default: what ships)',
    )
    .option('--data <name>', "fine-tune on mnist instead of the teacher's own sequences")
    .option('--samples <n>', 'images that both are measured with (default: 10000)', toNumber)
    .option('--seed <n>', 'seed of all random numbers', toNumber)
    .option('--iterations <n>', 'updates of the fine-tuning', toNumber)
    .option('--batch-size <n>', 'sequences per update of the fine-tuning', toNumber)
    .option(
      '--set <key=value>',
      'any other setting, e.g. regression.iterations=500 (repeatable)',
      toSetting,
    )
    .addHelpText(
      'after',
      examples(
        'adapt --preset mnist-llamagen',
        'adapt --preset mnist-llamagen --data mnist',
        'adapt --preset mnist-llamagen --resume runs/00002-adapt-mnist-llamagen',
        'distill --preset mnist-llamagen --teacher runs/00002-adapt-mnist-llamagen/teacher.safetensors',
      ),
    );
  withCommonOptions(withConfigOption(command)).action(async () => {
    const options = resolveOptions(adaptSchema, givenFlags(command, RENAMED), env.cwd);
    const { run, weights } = await withPreset(env, options, (context) =>
      env.recipes.adapt(context, options),
    );
    env.stdout.write(`Run: ${run}\nWeights: ${weights}\n`);
  });
}
