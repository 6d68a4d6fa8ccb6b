import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const manifestSchema = z.object({ version: z.string() });

/** Version that all packages of AR-Distill share. */
export function ownVersion(): string {
  const manifest = path.join(__dirname, '..', '..', 'package.json');
  return manifestSchema.parse(JSON.parse(readFileSync(manifest, 'utf8'))).version;
}
