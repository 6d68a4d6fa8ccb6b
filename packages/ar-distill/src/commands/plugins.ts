import { printableLine } from '@ar-distill/core';
import { PLUGIN_PROBLEMS, PLUGINS, type InstalledPlugin } from '@ar-distill/di';
import type { Command } from 'commander';
import { resolveOptions } from '../config/resolve-options';
import { pluginsSchema } from '../config/schemas';
import type { CommandEnvironment } from './environment';
import { examples, givenFlags, withPluginsOption } from './flags';
import { addPluginsCheckCommand } from './plugins-check';
import { openContainer } from './session';

/** `ar-distill plugins`: what is installed, and what is wrong with it; `plugins check` looks closer. */
export function addPluginsCommand(program: Command, env: CommandEnvironment): void {
  const command = program
    .command('plugins')
    .description('list the installed plugins and their presets')
    .addHelpText(
      'after',
      examples('plugins', 'plugins --plugins-dir ../my-project', 'plugins check ../my-plugin'),
    );
  addPluginsCheckCommand(command, env);
  withPluginsOption(command).action(async () => {
    const options = resolveOptions(pluginsSchema, givenFlags(command), env.cwd);
    const container = await openContainer(env, options);
    const plugins = container.resolveAll(PLUGINS);
    const problems = container.resolveAll(PLUGIN_PROBLEMS).map(({ message }) => message);
    for (const message of problems) env.stderr.write(`Warning: ${printableLine(message)}\n`);
    await container.dispose();
    env.finish({
      document: { plugins: plugins.map(documentOf), problems },
      text: plugins.length > 0 ? plugins.map(describePlugin).join('') : NONE,
    });
  });
}

const NONE =
  'No plugin is installed; install one, for example: npm install --ignore-scripts @ar-distill/plugin-var\n';

function documentOf({ definition, packageName, version, directory }: InstalledPlugin): object {
  const { name, summary, presets = {} } = definition;
  return {
    ...{ name, summary, packageName, version, directory },
    presets: Object.entries(presets).map(([preset, { summary: about }]) => ({
      name: preset,
      summary: about,
    })),
  };
}

function describePlugin({ definition, packageName, version, directory }: InstalledPlugin): string {
  const presets = Object.entries(definition.presets ?? {});
  const width = Math.max(0, ...presets.map(([name]) => name.length));
  return [
    `${definition.name}  ${definition.summary}`,
    `  ${packageName} ${version} in ${directory}`,
    ...presets.map(([name, { summary }]) => `    ${name.padEnd(width)}  ${summary}`),
    '',
  ].join('\n');
}
