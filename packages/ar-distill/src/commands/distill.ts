import { type DistillResult, isTree, type Tree } from '@ar-distill/workflows';
import type { Command } from 'commander';
import { resolveOptions } from '../config/resolve-options';
import { distillSchema } from '../config/schemas';
import { commandLine } from './command-line';
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
import { describePlan } from './planned-distillation';
import { optionsOfRun } from './planned-run';
import { presetExamples } from './preset-examples';
import { reportSummary } from './report-summary';
import { work } from './rehearsal';
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

/** Settings of the adaptation and of the networks are typed like others, under names of their own. */
function withNestedSettings({ settings, ...flags }: Tree): Tree {
  if (!isTree(settings)) return flags;
  const { adaptation, architecture, ...own } = settings;
  return {
    ...flags,
    settings: own,
    ...(adaptation === undefined ? {} : { adaptation }),
    ...(architecture === undefined ? {} : { architecture }),
  };
}

/** `ar-distill distill`. */
export function addDistillCommand(program: Command, env: CommandEnvironment): void {
  const command = withTeacherSamplingOptions(
    withNetworkOptions(
      withRunOptions(
        withPresetOption(
          program
            .command('distill')
            .description(
              'distil an AR teacher into a one-step generator, measure it and write a report',
            ),
        ),
      ),
    ),
  )
    .option('--method <name>', "distillation method (default: the preset's)")
    .option('--name <name>', "name in the run directory (default: the preset's)")
    .option('--stage1 <run>', 'use the AR-diffusion weights of this run again')
    .option(
      '--pool-cache <folder>',
      "keep the teacher's sequences there, and take those that are there (default: in the run alone)",
    )
    .option('--quick', 'a short run that shows that everything works')
    .option('--no-report', 'skip the measurements and the report')
    .option('--samples <n>', 'samples that the report is measured with (default: 10000)', toNumber)
    .option('--seed <n>', 'seed of all random numbers', toNumber)
    .option('--iterations <n>', 'generator updates, in one phase', toNumber)
    .option('--batch-size <n>', 'sequences per update', toNumber)
    .option('--guidance-updates <n>', 'guidance updates per generator update', toNumber)
    .option('--objective <name>', 'sid or dmd')
    .option(
      '--set <key=value>',
      'any other setting, e.g. tuning.batchSize=32; those of "adapt" as adaptation.heldOut=500, of the networks as architecture.headDepth=1 (repeatable)',
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
    const flags = withNestedSettings(givenFlags(command, RENAMED));
    const given = resolveOptions(distillSchema, flags, env.cwd);
    const options = { ...given, defaultPreset: DEFAULT_PRESET };
    if (env.mode === 'print-config') {
      const plan = await withWorkflow(env, options, (container, workflow) =>
        env.workflows.planDistillation(container, options, workflow),
      );
      env.finish({
        document: { config: optionsOfRun(plan.config), plan: plan.plan },
        text: describePlan(plan),
      });
      return;
    }
    const result = await work(
      env,
      options,
      (container, workflow) => env.workflows.distill(container, options, workflow),
      flags,
    );
    if (result === undefined) return;
    const { run, weights, report } = result;
    const places = { Run: run, Weights: weights };
    const words = nextWords(result);
    env.finish({
      document: result,
      text: report
        ? `${reportSummary(report)}${placeLines({ ...places, Report: report.file })}`
        : placeLines(places),
      next: words && commandLine(env, options, words),
    });
  });
}

/** What was not measured can be still; sequences that are no images cannot be looked at. */
function nextWords({ run, report }: DistillResult): readonly string[] | undefined {
  if (!report) return ['distill', '--resume', run];
  return report.kind === 'sequences' ? undefined : ['sample', '--run', run];
}
