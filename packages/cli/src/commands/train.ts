import type { Command } from 'commander';
import { resolveOptions } from '../config/resolve-options';
import { classifierSchema, teacherSchema, tokenizerSchema } from '../config/schemas';
import type { TrainingResult } from '../recipes/types';
import type { CliEnvironment } from './environment';
import {
  examples,
  givenFlags,
  toNumber,
  toSetting,
  withCommonOptions,
  withConfigOption,
} from './flags';
import { withBaseContext, withPreset } from './session';

/** Flags whose value is nested in the schema. */
const RENAMED = { set: 'settings' };

/** `ar-distill train tokenizer|teacher|classifier`. */
export function addTrainCommand(program: Command, env: CliEnvironment): void {
  const train = program
    .command('train')
    .description('train a tokenizer, a teacher or the classifier that FID-MNIST is measured with')
    .addHelpText('after', examples('train tokenizer', 'train teacher --iterations 2000'));

  const tokenizer = train
    .command('tokenizer')
    .description("train the image tokenizer of a preset on the preset's data set")
    .addHelpText('after', examples('train tokenizer --preset mnist-var --set learningRate=5e-4'));
  withTrainingOptions(withPresetOption(tokenizer)).action(async () => {
    const options = resolveOptions(tokenizerSchema, givenFlags(tokenizer, RENAMED), env.cwd);
    const result = await withPreset(env, options, (context) =>
      env.recipes.trainTokenizer(context, options),
    );
    report(env, result);
  });

  const teacher = train
    .command('teacher')
    .description("train the AR teacher of a preset on the preset's data set")
    .option(
      '--tokenizer <path>',
      'weights or model directory of the tokenizer (default: what ships)',
    )
    .addHelpText(
      'after',
      examples(
        'train teacher',
        'train teacher --tokenizer runs/00000-tokenizer-mnist-var/tokenizer.safetensors',
        'train teacher --resume runs/00001-teacher-mnist-var',
      ),
    );
  withTrainingOptions(withPresetOption(teacher)).action(async () => {
    const options = resolveOptions(teacherSchema, givenFlags(teacher, RENAMED), env.cwd);
    const result = await withPreset(env, options, (context) =>
      env.recipes.trainTeacher(context, options),
    );
    report(env, result);
  });

  const classifier = train
    .command('classifier')
    .description('train the MNIST classifier whose features FID-MNIST compares')
    .addHelpText('after', examples('train classifier --out runs'));
  withTrainingOptions(classifier).action(async () => {
    const options = resolveOptions(classifierSchema, givenFlags(classifier, RENAMED), env.cwd);
    const result = await withBaseContext(env, options, (context) =>
      env.recipes.trainClassifier(context, options),
    );
    report(env, result);
  });
}

function withPresetOption(command: Command): Command {
  return command.option('--preset <name>', 'preset, or plugin:preset (default: mnist-var)');
}

function withTrainingOptions(command: Command): Command {
  command
    .option('--out <folder>', 'folder that run directories are made in (default: runs)')
    .option('--seed <n>', 'seed of all random numbers', toNumber)
    .option('--iterations <n>', 'updates', toNumber)
    .option('--batch-size <n>', 'images per update', toNumber)
    .option('--resume <run>', 'run directory to go on with')
    .option('--set <key=value>', 'any other training setting (repeatable)', toSetting);
  return withCommonOptions(withConfigOption(command));
}

function report(env: CliEnvironment, { run, weights }: TrainingResult): void {
  env.stdout.write(`Run: ${run}\nWeights: ${weights}\n`);
}
