import { printableLine } from '@ar-distill/core';
import type { Command } from 'commander';
import { resolveOptions } from '../config/resolve-options';
import { importSchema } from '../config/schemas';
import { commandLine } from './command-line';
import type { CommandEnvironment } from './environment';
import { examples, givenFlags } from './flags';
import { work } from './rehearsal';

const MEBIBYTE = 2 ** 20;

/** `ar-distill import`. */
export function addImportCommand(program: Command, env: CommandEnvironment): void {
  const command = program
    .command('import')
    .description('turn official VAR, LlamaGen and DD1 checkpoints into a model directory')
    .argument('<file...>', 'checkpoints (.pth, .pt, .safetensors): a transformer, its tokenizer')
    .option(
      '--plugin <name>',
      'plugin that the checkpoints belong to (default: whoever knows them)',
    )
    .option('--out <folder>', 'model directory to make (default: models/<what was found>)')
    .option(
      '--config <file>',
      'JSON or YAML with keys of the architecture that tensors do not tell',
    )
    .option('--key <path>', 'state dict inside the checkpoint, e.g. ema or trainer.var_wo_ddp')
    .option('--plugins-dir <folder>', 'run the plugins in its node_modules, or itself, too')
    .addHelpText(
      'after',
      examples(
        'import vae_ch160v4096z32.pth var_d16.pth --plugin var',
        'import vq_ds16_c2i.pt c2i_L_256.pt --plugin llamagen --out models/llamagen-l',
        'import my_c2i.pt --config config.json   # {"gridSize": 16}',
        'sample --teacher models/var-d16         # then use it',
      ),
    );
  command.action(async (files: string[]) => {
    const { config, ...flags } = givenFlags(command);
    const given = resolveOptions(
      importSchema,
      { ...flags, files, ...(config === undefined ? {} : { architecture: config }) },
      env.cwd,
    );
    const result = await work(env, given, (container, run) =>
      env.workflows.importCheckpoints(
        container,
        {
          files: given.files,
          backbone: given.plugin,
          key: given.key,
          out: given.out,
          config: given.architecture,
        },
        run,
      ),
    );
    if (result === undefined) return;
    const { folder, bytes, preset, networks } = result;
    const size = Math.ceil(bytes / MEBIBYTE);
    const sizes = preset === undefined ? '' : `It has the sizes of the preset ${preset}.\n`;
    const kinds = networks.map(({ kind }) => kind);
    const isWhole = kinds.includes('teacher') && kinds.includes('tokenizer');
    env.finish({
      document: result,
      text: `Model directory: ${printableLine(folder)} (${size} MiB)\n${sizes}`,
      next: isWhole ? commandLine(env, given, ['sample', '--teacher', folder]) : undefined,
    });
  });
}
