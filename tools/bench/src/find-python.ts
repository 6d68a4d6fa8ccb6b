import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** A Python that imports torch. */
export interface Python {
  readonly command: string;
  readonly torch: string;
}

/** What `npm run python` makes. */
const OWN = path.join(__dirname, '../../../.venv/bin/python');

/** The first of $PYTHON, that of `npm run python`, python3 and /usr/bin/python3 that imports the modules. */
export function findPythonWith(...modules: readonly string[]): string | undefined {
  const commands = [process.env['PYTHON'], OWN, 'python3', '/usr/bin/python3'];
  return commands.find((command) => command && runs(command, `import ${modules.join(', ')}`));
}

/** The first of them that imports torch. */
export function findPython(): Python | undefined {
  const command = findPythonWith('torch');
  if (command === undefined) return undefined;
  const { stdout } = spawnSync(command, ['-c', 'import torch; print(torch.__version__)'], {
    encoding: 'utf8',
  });
  return { command, torch: stdout.trim() };
}

function runs(command: string, script: string): boolean {
  return spawnSync(command, ['-c', script], { stdio: 'ignore' }).status === 0;
}
