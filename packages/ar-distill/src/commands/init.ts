import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { adaptationSettingsSchema } from '@ar-distill/core/methods';
import { findNamed, METHODS } from '@ar-distill/di';
import { writeNewFile } from '@ar-distill/workflows';
import type { Command } from 'commander';
import { commentedConfig } from '../config/commented-config';
import { resolveOptions } from '../config/resolve-options';
import { distillSchema, initSchema } from '../config/schemas';
import { UsageError } from '../errors';
import { commandLine } from './command-line';
import { DEFAULT_PRESET } from './default-preset';
import type { CommandEnvironment } from './environment';
import { examples, givenFlags, withPluginsOption, withPresetOption } from './flags';
import { placeLines } from './place-lines';
import { optionsOfRun } from './planned-run';
import { withWorkflow } from './session';

const FILE = 'distill.yaml';

/** `ar-distill init`: a config file with all settings of a preset and what they mean. */
export function addInitCommand(program: Command, env: CommandEnvironment): void {
  const command = withPluginsOption(
    withPresetOption(
      program
        .command('init')
        .description('write a config file for "distill" with every setting and what it means'),
    ),
  )
    .option('--out <file>', `file to write, a new one (default: ${FILE})`)
    .addHelpText('after', examples('init', `init --preset ${DEFAULT_PRESET} --out ${FILE}`));
  command.action(async () => {
    const options = resolveOptions(initSchema, givenFlags(command), env.cwd);
    const { preset, out = FILE } = options;
    const file = resolve(env.cwd, out);
    refuseExisting(file, out);
    const text = await withWorkflow(env, options, async (container, workflow) => {
      const choice = { preset, defaultPreset: DEFAULT_PRESET };
      const { config } = await env.workflows.planDistillation(container, choice, workflow);
      const methods = container.resolveAll(METHODS);
      const { settingsSchema } = findNamed('distillation method', methods, config.method).value;
      return commentedConfig(optionsOfRun(config), {
        options: meaningsOf(program),
        schemas: new Map([
          ['settings', settingsSchema],
          ['adaptation', adaptationSettingsSchema],
        ]),
      });
    });
    await writeNew(file, out, `${head(program, text)}${text}`);
    env.finish({
      document: { file },
      text: placeLines({ 'Config file': out }),
      next: commandLine(env, options, ['distill', '--config', out]),
    });
  });
}

/** What the flags of `distill` say, by the keys of a config file. */
function meaningsOf(program: Command): ReadonlyMap<string, string> {
  const distill = program.commands.find((command) => command.name() === 'distill');
  return new Map(
    distill?.options.map((option) => [
      option.attributeName(),
      option.negate ? `false: ${option.description}` : option.description,
    ]),
  );
}

/** What the file is, and the options that a preset says nothing about. */
function head(program: Command, text: string): string {
  const meanings = meaningsOf(program);
  const others = Object.keys(distillSchema.shape).flatMap((key) => {
    const meaning = meanings.get(key);
    return meaning === undefined || text.includes(`\n${key}:`) ? [] : [`#   ${key}: ${meaning}\n`];
  });
  return (
    '# Options of "ar-distill distill --config": flags override them, and the values here are the defaults.\n' +
    `# Others that may stand here:\n${others.join('')}\n`
  );
}

function refuseExisting(file: string, name: string): void {
  if (existsSync(file)) {
    throw new UsageError(
      `"${name}" is there already: name a new file with --out, or move it away.`,
    );
  }
}

/** Writes the whole file or nothing; one that was made meanwhile stays what it is. */
async function writeNew(file: string, name: string, text: string): Promise<void> {
  await writeNewFile(file, Buffer.from(text)).catch((error: unknown) => {
    refuseExisting(file, name);
    throw error;
  });
}
