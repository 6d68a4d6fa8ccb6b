import type { Command } from 'commander';
import { textTable } from '@ar-distill/evaluation/report';
import { resolveOptions } from '../config/resolve-options';
import { adaptSchema } from '../config/schemas';
import { DEFAULT_PRESET } from './default-preset';
import type { CliEnvironment } from './environment';
import { givenFlags, toNumber, toSetting, withCommonOptions, withConfigOption } from './flags';
import { presetExamples } from './preset-examples';
import { withWorkflow } from './session';

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
    .option('--preset <name>', `preset, or plugin:preset (default: ${DEFAULT_PRESET})`)
    .option('--out <folder>', 'folder that run directories are made in (default: runs)')
    .option('--resume <run>', 'run directory to go on with')
    .option('--teacher <path>', 'weights or model directory of the teacher (default: what ships)')
    .option(
      '--tokenizer <path>',
      'weights or model directory of the tokenizer (default: what ships)',
    )
    .option('--data <name>', "fine-tune on this data set instead of the teacher's own sequences")
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
      presetExamples(env, (_preset, adapted) => [
        `adapt --preset ${adapted}`,
        `adapt --preset ${adapted} --resume runs/00002-adapt-${adapted}`,
        `distill --preset ${adapted} --teacher runs/00002-adapt-${adapted}/teacher.safetensors`,
      ]),
    );
  withCommonOptions(withConfigOption(command)).action(async () => {
    const given = resolveOptions(adaptSchema, givenFlags(command, RENAMED), env.cwd);
    const options = { ...given, defaultPreset: DEFAULT_PRESET };
    const { run, weights, table } = await withWorkflow(env, options, (container, workflow) =>
      env.workflows.adapt(container, options, workflow),
    );
    if (table) {
      const { rows, columns, samples } = table;
      env.stdout.write(`\n${textTable(rows, columns)}\n\n${samples} samples a row.\n`);
    }
    env.stdout.write(`Run: ${run}\nWeights: ${weights}\n`);
  });
}
