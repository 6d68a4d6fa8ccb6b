import type { Command } from 'commander';
import { resolveOptions } from '../config/resolve-options';
import { distillSchema } from '../config/schemas';
import { DEFAULT_PRESET } from './default-preset';
import type { CliEnvironment } from './environment';
import { givenFlags, toNumber, toSetting, withCommonOptions, withConfigOption } from './flags';
import { presetExamples } from './preset-examples';
import { reportSummary } from './report-summary';
import { withWorkflow } from './session';

/** Flags whose value is nested in the schema. */
const RENAMED = {
  set: 'settings',
  seed: 'settings.seed',
  iterations: 'settings.generatorIterations',
  batchSize: 'settings.batchSize',
  guidanceUpdates: 'settings.guidanceUpdates',
  objective: 'settings.objective',
};

/** `ar-distill distill`. */
export function addDistillCommand(program: Command, env: CliEnvironment): void {
  const command = program
    .command('distill')
    .description('distil an AR teacher into a one-step generator, measure it and write a report')
    .option('--preset <name>', `preset, or plugin:preset (default: ${DEFAULT_PRESET})`)
    .option('--method <name>', "distillation method (default: the preset's)")
    .option('--out <folder>', 'folder that run directories are made in (default: runs)')
    .option('--name <name>', "name in the run directory (default: the preset's)")
    .option('--resume <run>', 'run directory to go on with')
    .option('--teacher <path>', 'weights or model directory of the teacher (default: what ships)')
    .option(
      '--tokenizer <path>',
      'weights or model directory of the tokenizer (default: what ships)',
    )
    .option('--stage1 <run>', 'use the AR-diffusion weights of this run again')
    .option('--quick', 'a short run that shows that everything works')
    .option('--no-report', 'skip the measurements and the report')
    .option('--samples <n>', 'samples that the report is measured with (default: 10000)', toNumber)
    .option('--seed <n>', 'seed of all random numbers', toNumber)
    .option('--iterations <n>', 'generator updates', toNumber)
    .option('--batch-size <n>', 'sequences per update', toNumber)
    .option('--guidance-updates <n>', 'guidance updates per generator update', toNumber)
    .option('--objective <name>', 'sid or dmd')
    .option(
      '--set <key=value>',
      'any other setting, e.g. tuning.batchSize=32 (repeatable)',
      toSetting,
    )
    .addHelpText(
      'after',
      presetExamples(env, (preset) => [
        'distill',
        `distill --preset ${preset} --quick`,
        `distill --resume runs/00002-${preset}`,
        `distill --preset ${preset} --stage1 runs/00002-${preset} --objective dmd --set emaDecay=0.998`,
        'distill --config distill.yaml --threads 2',
      ]),
    );
  withCommonOptions(withConfigOption(command)).action(async () => {
    const given = resolveOptions(distillSchema, givenFlags(command, RENAMED), env.cwd);
    const options = { ...given, defaultPreset: DEFAULT_PRESET };
    const { run, weights, report } = await withWorkflow(env, options, (container, workflow) =>
      env.workflows.distill(container, options, workflow),
    );
    if (report) env.stdout.write(reportSummary(report));
    env.stdout.write(`Run: ${run}\nWeights: ${weights}\n`);
    if (report) env.stdout.write(`Report: ${report.file}\n`);
  });
}
