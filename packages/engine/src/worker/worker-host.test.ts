import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { createEngine } from '../engine';
import { WorkerHost } from './worker-host';

const OPTIONS = { provider: 'cpu', threads: 1, profile: false, flushDenormals: true } as const;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'worker-host-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A host whose worker runs the script instead of sessions. */
function hostRunning(script: string): WorkerHost {
  const entry = join(folder, 'worker.js');
  writeFileSync(entry, script);
  return new WorkerHost(OPTIONS, entry);
}

describe('a host in a worker', () => {
  it('leaves the calling thread responsive', async () => {
    const engine = createEngine({ threads: 1 });
    const size = 256;
    const iterations = 100;
    const shape = [size, size];
    const store = await engine.createStore({
      x: { shape, dtype: 'float32', data: new Float32Array(size * size).fill(1) },
    });
    const step = await engine.compile(
      {
        name: 'long',
        state: ['x'],
        inputs: { scale: { shape: [], dtype: 'float32' } },
        iterations,
        fn: ({ state, inputs }) => {
          let x = state['x'] as tf.Tensor2D;
          for (let i = 0; i < 8; i++) x = tf.matMul(x, x).mul(inputs['scale']!);
          return { state: { x }, outputs: { sum: x.sum() } };
        },
      },
      store,
    );
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const started = performance.now();
    const scale = new Float32Array(iterations).fill(1 / size);
    await step.run({ scale: { shape: [iterations], dtype: 'float32', data: scale } });
    const elapsed = performance.now() - started;
    clearInterval(timer);
    await engine.dispose();
    expect(elapsed).toBeGreaterThan(50);
    expect(ticks).toBeGreaterThan(elapsed / 5 / 4);
  });

  it('answers calls in their order', async () => {
    const host = new WorkerHost(OPTIONS);
    const value = (x: number) =>
      ({ shape: [], dtype: 'float32', data: Float32Array.of(x) }) as const;
    const store = await host.call('createStore', { values: { x: value(0) } });
    const reads = [1, 2, 3].map((x) => {
      void host.call('writeStore', { store, values: { x: value(x) } });
      return host.call('readStore', { store, names: ['x'] });
    });
    const results = await Promise.all(reads);
    expect(results.map(({ x }) => x!.data[0])).toEqual([1, 2, 3]);
    await host.dispose();
  });

  it('moves the buffers that it is told to', async () => {
    const host = new WorkerHost(OPTIONS);
    const data = new Float32Array(4).fill(7);
    const values = { x: { shape: [4], dtype: 'float32', data } } as const;
    const store = await host.call('createStore', { values }, [data.buffer]);
    expect(data.length).toBe(0);
    const { x } = await host.call('readStore', { store, names: ['x'] });
    expect([...x!.data]).toEqual([7, 7, 7, 7]);
    await host.dispose();
  });

  it('rejects what is under way when the worker dies, and everything after', async () => {
    const host = hostRunning(`
      const { parentPort } = require('node:worker_threads');
      parentPort.on('message', () => { throw new Error('out of memory, say'); });
    `);
    const calls = [host.call('profile', {}), host.call('profile', {})];
    const message =
      "The engine's worker stopped (out of memory, say): its state is lost, create a new engine";
    for (const call of calls) await expect(call).rejects.toThrow(message);
    await expect(host.call('profile', {})).rejects.toThrow(message);
    await host.dispose();
  });

  it('tells when the worker just ends', async () => {
    const host = hostRunning('process.exit(3)');
    await expect(host.call('profile', {})).rejects.toThrow('stopped (exit code 3)');
    await host.dispose();
  });

  it('refuses calls once disposed of', async () => {
    const host = new WorkerHost(OPTIONS);
    const [first, second] = [host.dispose(), host.dispose()];
    await expect(host.call('profile', {})).rejects.toThrow('The engine has been disposed.');
    await Promise.all([first, second]);
  });

  it('finishes what was called before the end', async () => {
    const host = new WorkerHost(OPTIONS);
    const store = host.call('createStore', { values: {} });
    await nextTurn();
    await host.dispose();
    expect(await store).toBeGreaterThan(0);
  });
});
