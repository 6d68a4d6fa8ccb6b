import { InvalidArgumentError, type Command } from 'commander';
import { parse } from 'yaml';
import { mergeTrees, type Tree, treeOf } from '@ar-distill/workflows';

/** Parses a number; commander names the flag when it is none. */
export function toNumber(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** Parses "0,3,7". */
export function toNumbers(text: string): number[] {
  return text.split(',').map(toNumber);
}

/** Collects repeated `--set tuning.batchSize=32` into nested settings; values are YAML scalars. */
export function toSetting(text: string, previous: Tree | undefined): Tree {
  const [, path, value] = /^([\w.]+)=(.*)$/s.exec(text) ?? [];
  if (path === undefined || value === undefined) {
    throw new InvalidArgumentError('It must have the form key=value.');
  }
  return mergeTrees(previous ?? {}, treeOf(path, parse(value)));
}

/** Adds the options that every command has. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--threads <n>', 'threads of the engine (default: physical cores)', toNumber)
    .option('--backend <name>', 'onnxruntime, tensorflow or cpu (default: onnxruntime)')
    .option('--provider <name>', 'of ONNX Runtime: cpu, cuda or webgpu (default: cpu)')
    .option('--plugins-dir <folder>', 'run the plugins in its node_modules, or itself, too');
}

/** Adds `--config`. */
export function withConfigOption(command: Command): Command {
  return command.option('--config <file>', 'YAML file with these options; flags override it');
}

/** What the user typed: no defaults. `rename` moves flags to where the schema has them. */
export function givenFlags(command: Command, rename: Readonly<Record<string, string>> = {}): Tree {
  let flags: Tree = {};
  for (const [name, value] of Object.entries(command.opts<Record<string, unknown>>())) {
    if (command.getOptionValueSource(name) !== 'cli') continue;
    flags = mergeTrees(flags, treeOf(rename[name] ?? name, value));
  }
  return flags;
}

/** Text under a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ar-distill ${line}\n`).join('')}`;
}
