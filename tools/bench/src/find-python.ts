import { spawnSync } from 'node:child_process';

/** A Python that imports torch. */
export interface Python {
  readonly command: string;
  readonly torch: string;
}

/** The first of $PYTHON, python3 and /usr/bin/python3 that imports torch. */
export function findPython(): Python | undefined {
  for (const command of [process.env['PYTHON'], 'python3', '/usr/bin/python3']) {
    if (!command) continue;
    const { status, stdout } = spawnSync(
      command,
      ['-c', 'import torch; print(torch.__version__)'],
      { encoding: 'utf8' },
    );
    if (status === 0) return { command, torch: stdout.trim() };
  }
  return undefined;
}
