import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onInterrupt } from './interrupt';
import { createRun, openRun } from './run-directory';

const WORKSPACE = path.join(__dirname, '../../..');
let root = '';
let running: ChildProcess | undefined;
beforeEach(() => (root = mkdtempSync(path.join(tmpdir(), 'killed-'))));
afterEach(() => {
  running?.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

/** Runs TypeScript that imports this package's files from `SOURCE`. */
function start(source: string): ChildProcess {
  const script = path.join(root, 'script.ts');
  writeFileSync(script, source.replaceAll('SOURCE', __dirname));
  const hook = path.join(WORKSPACE, 'tools/jest/register.js');
  running = spawn(process.execPath, ['-C', '@ar-distill/source', '-r', hook, script], {
    cwd: WORKSPACE,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return running;
}

/** Waits until the child has printed the text. */
async function printed(stream: ChildProcess['stdout'], text: string): Promise<void> {
  let output = '';
  for await (const chunk of stream!.iterator({ destroyOnReturn: false })) {
    output += String(chunk);
    if (output.includes(text)) return;
  }
  throw new Error(`The child ended without printing "${text}": ${output}`);
}

describe('a killed process', () => {
  it.each([1, 2, 3])('leaves a run that can be resumed (try %i)', async (attempt) => {
    const run = await createRun(root, 'killed', {});
    await run.close();
    // Every checkpoint is constant: a mixture of two would show.
    const child = start(`
      import { tensorSource } from '${WORKSPACE}/packages/program/src';
      import { openRun } from 'SOURCE/run-directory';
      async function main() {
        const run = await openRun(${JSON.stringify(run.path)});
        await run.loadCheckpoint();
        for (let iteration = 1; ; iteration++) {
          run.logMetrics({ iteration });
          const data = new Float32Array(1_000_000).fill(iteration);
          await run.saveCheckpoint({
            stage: 's', iteration, cursor: {},
            tensors: tensorSource({ x: { shape: [data.length], dtype: 'float32', data } }),
          });
          run.logMetrics({ iteration, late: 1 });
          console.log('saved ' + iteration + '.');
        }
      }
      main();
    `);
    await printed(child.stdout, 'saved 2.');
    await expect(openRun(run.path)).rejects.toThrow(`is in use by process ${child.pid}`);
    await new Promise((resolve) => setTimeout(resolve, 7 * attempt));
    child.kill('SIGKILL');
    await once(child, 'exit');

    const resumed = await openRun(run.path);
    const checkpoint = await resumed.loadCheckpoint();
    const { iteration, tensors } = checkpoint!;
    expect(iteration).toBeGreaterThanOrEqual(2);
    const { x } = await tensors.read(['x']);
    expect(x!.data.every((value) => value === iteration)).toBe(true);
    const metrics = await resumed.readMetrics();
    expect(metrics.at(-1)).toEqual({ iteration });
    expect(metrics).toHaveLength(2 * iteration - 1);
    await resumed.close();
  });
});

describe('onInterrupt', () => {
  const WAITING = `
    import { onInterrupt } from 'SOURCE/interrupt';
    const { signal, dispose } = onInterrupt();
    const waiting = setInterval(() => {
      if (!signal.aborted || STUBBORN) return;
      dispose();
      clearInterval(waiting);
      console.log('saved');
    }, 10);
    console.log('ready');
  `;

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('lets work end at the first %s', async (name) => {
    const child = start(WAITING.replace('STUBBORN', 'false'));
    await printed(child.stdout, 'ready');
    child.kill(name);
    await printed(child.stderr, 'press Ctrl-C again to stop at once');
    await printed(child.stdout, 'saved');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('ends the process at the second', async () => {
    const child = start(WAITING.replace('STUBBORN', 'true'));
    await printed(child.stdout, 'ready');
    child.kill('SIGINT');
    await printed(child.stderr, 'press Ctrl-C again to stop at once');
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'lets the process end by itself where %s comes again when all is saved',
    async (name) => {
      const child = start(`
        import { onInterrupt } from 'SOURCE/interrupt';
        const { signal, dispose } = onInterrupt();
        const waiting = setInterval(() => {
          if (!signal.aborted) return;
          clearInterval(waiting);
          dispose();
          process.exit(130);
        }, 10);
        process.on('exit', () => {
          console.log('ending');
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
        });
        console.log('ready');
      `);
      await printed(child.stdout, 'ready');
      child.kill(name);
      await printed(child.stdout, 'ending');
      child.kill(name);
      expect(await once(child, 'exit')).toEqual([130, null]);
    },
  );

  it('takes one that comes twice at once for one: npx hands on what the terminal has sent', async () => {
    const exit = jest.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
    const texts: string[] = [];
    const { signal, dispose } = onInterrupt((text) => texts.push(text));
    process.emit('SIGINT');
    process.emit('SIGINT');
    expect(signal.aborted).toBe(true);
    expect(texts).toEqual(['\nStopping; press Ctrl-C again to stop at once.\n']);
    expect(exit).not.toHaveBeenCalled();
    await new Promise((resolve) => setTimeout(resolve, 150));
    process.emit('SIGINT');
    expect(exit).toHaveBeenCalledWith(130);
    dispose();
    exit.mockRestore();
  });
});
