import { statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { checkPlugin, type ConformanceResult } from '@ar-distill/conformance';
import {
  type InstalledPlugin,
  loadPluginFolder,
  RNG_FACTORY,
  type ServiceContainer,
  STEP_COMPILER,
  unknownName,
} from '@ar-distill/di';
import type { StepCompiler } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import type { Command } from 'commander';
import { resolveOptions } from '../config/resolve-options';
import { pluginsCheckSchema } from '../config/schemas';
import { importPlugins } from '../container';
import { EXIT, UsageError } from '../errors';
import type { CliEnvironment, CommandEnvironment } from './environment';
import { examples, givenFlags, withCommonOptions } from './flags';
import { withWorkflow } from './session';

const SEED = 0;

/** `ar-distill plugins check`: runs the conformance kit on a plugin that need not be installed. */
export function addPluginsCheckCommand(plugins: Command, env: CommandEnvironment): void {
  const command = plugins
    .command('check')
    .description('check a plugin that is being written against the contract, without installing it')
    .argument('[folder]', 'folder of the plugin, with its package.json', '.')
    .option('--preset <name>', "check its backbone with this preset's sizes (default: small ones)")
    .addHelpText(
      'after',
      examples(
        'plugins check',
        'plugins check ../my-plugin --preset small',
        'plugins check --backend cpu',
      ),
    );
  withCommonOptions(command).action(async (folder: string) => {
    // Options that `plugins` has, too, are its own to commander, wherever they stand.
    const flags = { ...givenFlags(plugins), ...givenFlags(command) };
    const options = resolveOptions(pluginsCheckSchema, flags, env.cwd);
    const place = resolve(env.cwd, folder);
    if (!statSync(place, { throwIfNoEntry: false })?.isDirectory()) {
      throw new UsageError(`There is no folder "${folder}": name the one that holds the plugin.`);
    }
    await importPlugins({ cwd: env.cwd, pluginFolders: [place] });
    const plugin = loadPluginFolder(place);
    const { definition } = plugin;
    const presets = Object.keys(definition.presets ?? {});
    if (options.preset !== undefined && !presets.includes(options.preset)) {
      throw new UsageError(unknownName('preset', options.preset, presets));
    }
    const results = await toItsEnd(definition.name, env, () =>
      withWorkflow(env, options, async (container, { signal }) =>
        checkPlugin(definition, {
          ...(await compilerOf(container, env)),
          rng: container.resolve(RNG_FACTORY)(SEED),
          preset: options.preset,
          signal,
          onResult: (result, done, total) =>
            void env.stdout.write(describeResult(result, done, total, plugin, env)),
        }),
      ),
    );
    conclude(definition.name, results, env);
  });
}

/** Runs a check; should the plugin end the process before that, this does not look like success. */
async function toItsEnd<T>(
  plugin: string,
  env: CommandEnvironment,
  check: () => Promise<T>,
): Promise<T> {
  const blame = (code: number): void => {
    if (code === EXIT.interrupted) return;
    process.exitCode = env.fail(
      new Error(
        `The plugin "${plugin}" ended the process: take out what calls process.exit or awaits a promise that never settles.`,
      ),
    );
  };
  process.once('exit', blame);
  try {
    return await check();
  } finally {
    process.off('exit', blame);
  }
}

/** The compiler, when it works: what it would run is skipped otherwise. */
async function compilerOf(
  container: ServiceContainer,
  env: CliEnvironment,
): Promise<{ readonly compiler?: StepCompiler }> {
  try {
    const compiler = container.resolve(STEP_COMPILER);
    const step = await compiler.compile({
      name: 'check',
      inputs: { x: { shape: [], dtype: 'float32' } },
      fn: ({ inputs }) => ({ outputs: { y: tf.square(inputs['x']!) } }),
    });
    await step.dispose();
    return { compiler };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
    env.stderr.write(
      `Warning: Samplers and trainings are skipped, because nothing can be compiled here (${reason}): run "ar-distill doctor".\n`,
    );
    return {};
  }
}

function describeResult(
  { subject, name, state, detail, stack }: ConformanceResult,
  done: number,
  total: number,
  { directory }: InstalledPlugin,
  env: CliEnvironment,
): string {
  const count = `${String(done).padStart(String(total).length)}/${total}`;
  const place = stack === undefined ? undefined : placeIn(directory, stack);
  const why = detail && ` — ${detail.replace(/\s+/g, ' ')}${place ? ` (${place})` : ''}`;
  const line = `${count}  ${state.padEnd(7)}  ${subject}, ${name}${why}\n`;
  const isDebugging = env.variables['AR_DISTILL_DEBUG'] === '1';
  return stack !== undefined && isDebugging ? `${line}${stack}\n` : line;
}

/** The first file and line of a stack that belong to the plugin: `dist/index.js:3:7`. */
function placeIn(directory: string, stack: string): string | undefined {
  for (const [, file = '', position = ''] of stack.matchAll(/\(?([^\s()]+?)((?::\d+){2})\)?$/gm)) {
    const within = relative(directory, file.replace(/^file:\/\//, ''));
    if (!within.startsWith('..') && !within.includes('node_modules')) return within + position;
  }
  return undefined;
}

/** Counts, and the first thing to mend. */
function conclude(
  plugin: string,
  results: readonly ConformanceResult[],
  env: CommandEnvironment,
): void {
  const of = (state: ConformanceResult['state']) =>
    results.filter((result) => result.state === state);
  const failed = of('failed');
  const counts = `${of('ok').length} ok, ${failed.length} failed, ${of('skipped').length} skipped`;
  const told = results.map(({ subject, name, state, detail }) => ({
    subject,
    name,
    state,
    detail,
  }));
  env.finish({
    document: { plugin, results: told },
    text: `${results.length} checks: ${counts}\n`,
  });
  const [first] = failed;
  if (!first) return;
  const rules = failed.length === 1 ? 'a rule' : `${failed.length} rules`;
  throw new Error(
    `The plugin "${plugin}" breaks ${rules}; the first one to mend is: ${first.subject}, ${first.name}.`,
  );
}
