import { printableLine } from '@ar-distill/core';
import { PLUGIN_PROBLEMS, PLUGINS, type InstalledPlugin } from '@ar-distill/di';
import type { Command } from 'commander';
import { resolveOptions } from '../config/resolve-options';
import { pluginsSchema } from '../config/schemas';
import type { CliEnvironment } from './environment';
import { examples, givenFlags, withPluginsOption } from './flags';
import { addPluginsCheckCommand } from './plugins-check';
import { openContainer } from './session';

/** `ar-distill plugins`: what is installed, and what is wrong with it; `plugins check` looks closer. */
export function addPluginsCommand(program: Command, env: CliEnvironment): void {
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
    for (const plugin of plugins) env.stdout.write(describePlugin(plugin));
    if (plugins.length === 0) {
      env.stdout.write(
        'No plugin is installed; install one, for example: npm install --ignore-scripts @ar-distill/plugin-var\n',
      );
    }
    for (const { message } of container.resolveAll(PLUGIN_PROBLEMS)) {
      env.stderr.write(`Warning: ${printableLine(message)}\n`);
    }
    await container.dispose();
  });
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
