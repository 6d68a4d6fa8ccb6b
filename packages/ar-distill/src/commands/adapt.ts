import type { Command } from 'commander';
import { textTable } from '@ar-distill/evaluation/report';
import { resolveOptions } from '../config/resolve-options';
import { adaptSchema } from '../config/schemas';
import { DEFAULT_PRESET } from './default-preset';
import type { CliEnvironment } from './environment';
import {
  givenFlags,
  toNumber,
  toSetting,
  withCommonOptions,
  withConfigOption,
  withNetworkOptions,
  withPresetOption,
  withRunOptions,
  withTeacherSamplingOptions,
} from './flags';
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
  const command = withTeacherSamplingOptions(
    withNetworkOptions(
      withRunOptions(
        withPresetOption(
          program
            .command('adapt')
            .description('adapt a teacher that reads tokens to continuous code vectors'),
        ),
      ),
    ),
  )
    .option('--data <name>', "fine-tune on this data set instead of the teacher's own sequences")
    .option('--samples <n>', 'images that both are measured with (default: 10000)', toNumber)
    .option('--seed <n>', 'seed of all random numbers', toNumber)
    .option('--iterations <n>', 'updates of the fine-tuning', toNumber)
    .option('--batch-size <n>', 'sequences per update of the fine-tuning', toNumber)
    .option(
      '--set <key=value>',
      'any other setting, e.g. regression.iterations=500 (repeatable); "distill" takes it as adaptation.regression.iterations=500',
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
    const flags = givenFlags(command, RENAMED);
    const given = resolveOptions(adaptSchema, flags, env.cwd);
    const options = { ...given, defaultPreset: DEFAULT_PRESET };
    const { run, weights, table } = await withWorkflow(
      env,
      options,
      (container, workflow) => env.workflows.adapt(container, options, workflow),
      flags,
    );
    if (table) {
      const { rows, columns, samples } = table;
      env.stdout.write(`\n${textTable(rows, columns)}\n\n${samples} samples a row.\n`);
    }
    env.stdout.write(`Run: ${run}\nWeights: ${weights}\n`);
  });
}
