import type { Command } from 'commander';
import { textTable } from '@ar-distill/evaluation/report';
import { resolveOptions } from '../config/resolve-options';
import { adaptSchema } from '../config/schemas';
import { commandLine, optionWords } from './command-line';
import { DEFAULT_PRESET } from './default-preset';
import type { CommandEnvironment } from './environment';
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
import { placeLines } from './place-lines';
import { presetExamples } from './preset-examples';
import { work } from './rehearsal';

/** Flags whose value is nested in the schema. */
const RENAMED = {
  set: 'settings',
  seed: 'settings.seed',
  iterations: 'settings.fineTuning.iterations',
  batchSize: 'settings.fineTuning.batchSize',
};

/** `ar-distill adapt`. */
export function addAdaptCommand(program: Command, env: CommandEnvironment): void {
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
    const result = await work(
      env,
      options,
      (container, workflow) => env.workflows.adapt(container, options, workflow),
      flags,
    );
    if (result === undefined) return;
    const { run, weights, table, preset, tokenizer } = result;
    const measured = table
      ? `\n${textTable(table.rows, table.columns)}\n\n${table.samples} samples a row.\n`
      : '';
    env.finish({
      document: result,
      text: `${measured}${placeLines({ Run: run, Weights: weights })}`,
      next: commandLine(env, options, [
        'distill',
        ...optionWords({ preset, teacher: weights, tokenizer }),
      ]),
    });
  });
}
