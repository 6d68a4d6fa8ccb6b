import { significant } from '@ar-distill/evaluation/report';
import type { Command } from 'commander';
import type { ServiceContainer } from '@ar-distill/di';
import type { TrainingResult, Tree, WorkflowOptions } from '@ar-distill/workflows';
import { resolveOptions } from '../config/resolve-options';
import { featuresSchema, teacherSchema, tokenizerSchema } from '../config/schemas';
import { commandLine, optionWords } from './command-line';
import { DEFAULT_PRESET } from './default-preset';
import type { CommandEnvironment } from './environment';
import {
  examples,
  givenFlags,
  toNumber,
  toSetting,
  withCommonOptions,
  withConfigOption,
  withPresetOption,
  withRunOptions,
  withTokenizerOption,
} from './flags';
import type { ForgottenOptions } from './interruption';
import { placeLines } from './place-lines';
import { presetExamples } from './preset-examples';
import { work } from './rehearsal';

/** Flags whose value is nested in the schema. */
const RENAMED = { set: 'settings' };

/** `ar-distill train tokenizer|teacher|features`. */
export function addTrainCommand(program: Command, env: CommandEnvironment): void {
  const group = program
    .command('train')
    .description('train a tokenizer, a teacher or a network that images are measured with')
    .addHelpText('after', examples('train tokenizer', 'train teacher --iterations 2000'));
  addTokenizerCommand(group, env);
  addTeacherCommand(group, env);
  addFeaturesCommand(group, env);
}

function addTokenizerCommand(group: Command, env: CommandEnvironment): void {
  const command = group
    .command('tokenizer')
    .description("train the image tokenizer of a preset on the preset's data set")
    .addHelpText(
      'after',
      presetExamples(env, (preset) => [
        `train tokenizer --preset ${preset} --set learningRate=5e-4`,
      ]),
    );
  withMeasuringOptions(withTrainingOptions(withPresetOption(command))).action(async () => {
    const flags = givenFlags(command, RENAMED);
    const given = resolveOptions(tokenizerSchema, flags, env.cwd);
    const options = { ...given, defaultPreset: DEFAULT_PRESET };
    await train(env, env.workflows.trainTokenizer, options, flags, ({ weights, preset }) => [
      ...['train', 'teacher'],
      ...optionWords({ preset, tokenizer: weights }),
    ]);
  });
}

function addTeacherCommand(group: Command, env: CommandEnvironment): void {
  const command = group
    .command('teacher')
    .description("train the AR teacher of a preset on the preset's data set")
    .addHelpText(
      'after',
      presetExamples(env, (preset) => [
        `train teacher --preset ${preset}`,
        'train teacher --tokenizer runs/00000-tokenizer/tokenizer.safetensors',
        'train teacher --resume runs/00001-teacher',
      ]),
    );
  withTrainingOptions(withTokenizerOption(withPresetOption(command))).action(async () => {
    const flags = givenFlags(command, RENAMED);
    const given = resolveOptions(teacherSchema, flags, env.cwd);
    const options = { ...given, defaultPreset: DEFAULT_PRESET };
    await train(env, env.workflows.trainTeacher, options, flags, (result) => {
      const { weights, preset, tokenizer } = result;
      return ['distill', ...optionWords({ preset, teacher: weights, tokenizer })];
    });
  });
}

function addFeaturesCommand(group: Command, env: CommandEnvironment): void {
  const command = group
    .command('features')
    .description('train the feature network that a plugin brings; writes its reference set, too')
    .argument('[name]', 'feature network (default: the only one that can be trained)')
    .addHelpText('after', examples('train features', 'train features NAME --iterations 3000'));
  withMeasuringOptions(withTrainingOptions(command)).action(async (name: string | undefined) => {
    const flags = { ...givenFlags(command, RENAMED), ...(name === undefined ? {} : { name }) };
    const options = resolveOptions(featuresSchema, flags, env.cwd);
    await train(env, env.workflows.trainFeatures, options, flags);
  });
}

function withTrainingOptions(command: Command): Command {
  withRunOptions(command)
    .option('--seed <n>', 'seed of all random numbers', toNumber)
    .option('--iterations <n>', 'updates', toNumber)
    .option('--batch-size <n>', 'images per update', toNumber)
    .option('--set <key=value>', 'any other training setting (repeatable)', toSetting);
  return withCommonOptions(withConfigOption(command));
}

function withMeasuringOptions(command: Command): Command {
  return command
    .option('--samples <n>', 'test images that it is measured with (default: all)', toNumber)
    .option('--no-report', 'measure nothing when it is trained');
}

/** Trains, and says how it went. `next`: the words of the command to go on with, where there is one. */
async function train<Options extends ForgottenOptions>(
  env: CommandEnvironment,
  training: (
    container: ServiceContainer,
    options: Options,
    run: WorkflowOptions,
  ) => Promise<TrainingResult>,
  options: Options,
  flags: Tree,
  next?: (result: TrainingResult) => readonly string[],
): Promise<void> {
  const result = await work(
    env,
    options,
    (container, run) => training(container, options, run),
    flags,
  );
  if (result === undefined) return;
  const { run, weights, seconds, measured } = result;
  const figures = Object.entries(measured).map(
    ([name, value]) => `  ${name}: ${significant(value, 4)}\n`,
  );
  env.finish({
    document: result,
    text: `Trained in ${seconds.toFixed(0)} s\n${figures.join('')}${placeLines({ Run: run, Weights: weights })}`,
    next: next && commandLine(env, options, next(result)),
  });
}
