import { InvalidArgumentError, type Command } from 'commander';
import { parse } from 'yaml';
import { mergeTrees, type Tree, treeOf } from '@ar-distill/workflows';
import { flagOf } from '../config/resolve-options';
import { holdsPath } from '../config/setting-source';
import { UsageError } from '../errors';
import { DEFAULT_PRESET } from './default-preset';

/** Parses a number; commander names the flag when it is none. */
export function toNumber(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError('a number');
  return value;
}

/** Parses "0,3,7". */
export function toNumbers(text: string): number[] {
  try {
    return text.split(',').map(toNumber);
  } catch {
    throw new InvalidArgumentError('numbers with commas between them');
  }
}

/** Parses "frechet-distance,recall". */
export function toNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('names with commas between them');
  return names;
}

/** Collects repeated `--set tuning.batchSize=32` into nested settings; values are YAML scalars. */
export function toSetting(text: string, previous: Tree | undefined): Tree {
  const [, path, value] = /^([\w.]+)=(.*)$/s.exec(text) ?? [];
  if (path === undefined || value === undefined) {
    throw new InvalidArgumentError('the form key=value');
  }
  return mergeTrees(previous ?? {}, treeOf(path, settingValue(value)));
}

function settingValue(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0, logLevel: 'error' }) as unknown;
  } catch {
    throw new InvalidArgumentError('a value in YAML behind the sign of equality');
  }
}

/** Adds the options that every command has that computes. */
export function withCommonOptions(command: Command): Command {
  command
    .option('--threads <n>', 'threads of the engine (default: physical cores)', toNumber)
    .option('--backend <name>', 'onnxruntime, tensorflow or cpu (default: onnxruntime)')
    .option('--provider <name>', 'of ONNX Runtime: cpu, cuda or webgpu (default: cpu)');
  return withPluginsOption(command);
}

/** Adds `--plugins-dir`. */
export function withPluginsOption(command: Command): Command {
  return command.option(
    '--plugins-dir <folder>',
    'run the plugins in its node_modules, or itself, too',
  );
}

/** Adds `--config`. */
export function withConfigOption(command: Command): Command {
  return command.option('--config <file>', 'YAML file with these options; flags override it');
}

/** What names the weights of a network. */
const NETWORK_SOURCES = 'file, model directory or hf:ORG/NAME@REVISION';

/** Adds `--preset`. */
export function withPresetOption(command: Command): Command {
  return command.option('--preset <name>', `preset, or plugin:preset (default: ${DEFAULT_PRESET})`);
}

/** Adds the options of commands that work in a run directory. */
export function withRunOptions(command: Command): Command {
  return command
    .option('--out <folder>', 'folder that run directories are made in (default: runs)')
    .option('--resume <run>', 'run directory to go on with');
}

/** Adds `--tokenizer`. */
export function withTokenizerOption(command: Command): Command {
  return command.option(
    '--tokenizer <path>',
    `tokenizer: ${NETWORK_SOURCES} (default: what ships)`,
  );
}

/** Adds the networks that a distillation or an adaptation starts from. */
export function withNetworkOptions(command: Command): Command {
  command.option('--teacher <path>', `teacher: ${NETWORK_SOURCES} (default: what ships)`);
  return withTokenizerOption(command);
}

/** Adds how the teacher draws, and is scored where it is distilled; a generator may take a guidance, too. */
export function withTeacherSamplingOptions(command: Command): Command {
  return command
    .option('--guidance <scale>', "guidance of what draws (default: the preset's)", toNumber)
    .option('--top-k <n>', "likeliest tokens that it draws from (default: the preset's)", toNumber)
    .option('--top-p <share>', "share of probability likewise (default: the preset's)", toNumber);
}

/** Adds what draws images: a generator, or the teacher. `teacher` says what the flag does. */
export function withDrawerOptions(command: Command, teacher: string): Command {
  withPresetOption(command)
    .option('--run <path>', 'run to draw from, with its tokenizer and teacher, or "latest"')
    .option('--weights <path>', `generator: ${NETWORK_SOURCES} (default: what ships)`)
    .option('--steps <n>', 'network evaluations of the generator, 1 or 2 (default: 1)', toNumber)
    .option('--snap', "replace code vectors by their nearest codes (default: the preset's)")
    .option('--no-snap', 'decode code vectors as they are')
    .option('--teacher [path]', `${teacher}: ${NETWORK_SOURCES}`);
  return withTokenizerOption(withTeacherSamplingOptions(command));
}

/** What no config file and no workflow has. */
const ANSWER_OPTIONS = ['json', 'dryRun', 'printConfig'];

/**
 * What the user typed: no defaults. `rename` moves flags to where the schema has them.
 * @throws UsageError when a flag and `--set` give one setting: neither is the one that counts.
 */
export function givenFlags(command: Command, rename: Readonly<Record<string, string>> = {}): Tree {
  const options = command.opts<Record<string, unknown>>();
  const { set } = options;
  let flags: Tree = {};
  for (const [name, value] of Object.entries(options)) {
    if (command.getOptionValueSource(name) !== 'cli' || ANSWER_OPTIONS.includes(name)) continue;
    const path = rename[name] ?? name;
    const [group, ...key] = path.split('.');
    if (name !== 'set' && group === rename['set'] && holdsPath(set, key)) {
      const flag = flagOf([name]);
      throw new UsageError(`${flag} and --set ${key.join('.')} give one setting: leave one out.`);
    }
    flags = mergeTrees(flags, treeOf(path, value));
  }
  return flags;
}

/**
 * Adds the options that are about how a command answers, whatever it does; see `CommandEnvironment`.
 * `rehearsed` and `configured`: paths of the commands whose work can be rehearsed, and whose settings make a
 * config file.
 */
export function addAnswerOptions(
  program: Command,
  { rehearsed, configured }: Readonly<Record<'rehearsed' | 'configured', readonly string[]>>,
): void {
  const add = (command: Command, path: string): void => {
    for (const own of command.commands) add(own, `${path} ${own.name()}`);
    // A group of commands does nothing by itself.
    if (command.commands.length > 0 && command.options.length === 0) return;
    command.option('--json', 'print the result as one JSON document, and all else on stderr');
    if (rehearsed.includes(path)) {
      command.option('--dry-run', 'check everything, say what would be done, and write nothing');
    }
    if (configured.includes(path)) {
      command.option('--print-config', 'print all settings as a config file, and start nothing');
    }
  };
  for (const command of program.commands) add(command, command.name());
}

/** Text under a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ar-distill ${line}\n`).join('')}`;
}
