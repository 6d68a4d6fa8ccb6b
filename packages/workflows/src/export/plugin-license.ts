import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { PLUGINS, type ServiceContainer } from '@ar-distill/di';
import { z } from 'zod';

const manifestSchema = z.object({ license: z.string() });

/** The licence (SPDX, lower case) of what ships with a plugin; undefined where its manifest says none. */
export async function licenseOfPlugin(
  container: ServiceContainer,
  plugin: string,
): Promise<string | undefined> {
  const installed = container
    .resolveAll(PLUGINS)
    .find(({ definition }) => definition.name === plugin);
  if (!installed) return undefined;
  const file = path.join(installed.directory, 'package.json');
  if (!existsSync(file)) return undefined;
  const manifest = manifestSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  return manifest.data?.license.toLowerCase();
}
