import { ROOT } from '@ar-distill/workspace';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Runs nx in this repository, without its daemon and without a registry; returns what it prints. */
export function runNx(...args: readonly string[]): string {
  return execFileSync(process.execPath, [join(ROOT, 'node_modules/nx/dist/bin/nx.js'), ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NX_DAEMON: 'false',
      FORCE_COLOR: '0',
      npm_config_registry: 'http://127.0.0.1:9/',
    },
  });
}
