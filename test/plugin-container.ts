import { tmpdir } from 'node:os';
import type { PluginDefinition } from '@ar-distill/core';
import { createContainer, type TypedContainer } from '@ar-distill/di';
import { registerPlugin } from '../packages/di/src/container/register-plugin';

/** The container of an application that has these plugins installed, and no others. */
export function pluginContainer(...definitions: readonly PluginDefinition[]): TypedContainer {
  const container = createContainer({ cwd: tmpdir(), engine: { worker: false, threads: 1 } });
  for (const definition of definitions) {
    const packageName = `@ar-distill/plugin-${definition.name}`;
    registerPlugin(container, {
      packageName,
      version: '0.0.0',
      directory: tmpdir(),
      requiredFrom: __filename,
      request: packageName,
      definition,
    });
  }
  return container;
}
