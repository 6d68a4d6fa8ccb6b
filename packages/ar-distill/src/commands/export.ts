import { printableLine } from '@ar-distill/core';
import { textOf } from '@ar-distill/evaluation/report';
import { onnxTable, teacherSentence } from '@ar-distill/workflows';
import type { Command } from 'commander';
import { resolveOptions } from '../config/resolve-options';
import { exportSchema } from '../config/schemas';
import { commandLine } from './command-line';
import { DEFAULT_PRESET } from './default-preset';
import type { CommandEnvironment } from './environment';
import {
  examples,
  givenFlags,
  toNumber,
  withCommonOptions,
  withConfigOption,
  withPresetOption,
} from './flags';
import { work } from './rehearsal';

const MEBIBYTE = 2 ** 20;

/** `ar-distill export`. */
export function addExportCommand(program: Command, env: CommandEnvironment): void {
  const command = withPresetOption(
    program
      .command('export')
      .description('write a generator as a model directory with a model card, or as ONNX, too')
      .argument('[run]', 'run, or "latest" (default: what ships with the preset)'),
  )
    .option('--out <folder>', 'model directory to make (default: models/<run or preset>)')
    .option(
      '--onnx <precision>',
      'also one ONNX model of generator and decoder: fp32, fp16 or int8',
    )
    .option(
      '--teacher',
      'beside the ONNX model, also the teacher AR step by AR step, for web pages',
    )
    .option(
      '--snap',
      "in the ONNX model, replace code vectors by their nearest codes (default: the preset's)",
    )
    .option('--no-snap', 'in the ONNX model, decode code vectors as they are')
    .option(
      '--samples <n>',
      'images that the ONNX model is compared by (default: 10000 where they can be measured, else 16)',
      toNumber,
    )
    .addHelpText(
      'after',
      examples(
        'export latest --out my-generator',
        'export --onnx int8',
        'export --onnx fp32 --teacher',
        'sample --weights my-generator     # then use it',
      ),
    );
  withCommonOptions(withConfigOption(command)).action(async (run: string | undefined) => {
    const flags = { ...givenFlags(command), ...(run === undefined ? {} : { run }) };
    const given = resolveOptions(exportSchema, flags, env.cwd);
    const options = { ...given, defaultPreset: DEFAULT_PRESET };
    const result = await work(env, options, (container, workflow) =>
      env.workflows.exportModel(container, options, workflow),
    );
    if (result === undefined) return;
    const { folder, bytes, onnx, teacher } = result;
    const table = onnx ? `${textOf(onnxTable(onnx))}\n` : '';
    const drawn = teacher ? `${teacherSentence(teacher)}\n` : '';
    env.finish({
      document: result,
      text: `${table}${drawn}Model directory: ${printableLine(folder)} (${Math.ceil(bytes / MEBIBYTE)} MiB)\n`,
      next: commandLine(env, options, ['sample', '--weights', folder]),
    });
  });
}
