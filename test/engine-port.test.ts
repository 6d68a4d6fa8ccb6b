import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { createEngine, describeBackends } from '@ar-distill/engine';
import { scalar, type StepCompiler } from '@ar-distill/program';

const ROOT = join(__dirname, '..');

/** Runs TypeScript from source in a process of its own. */
function runScript(name: string, code: string): { status: number | null; output: string } {
  const folder = mkdtempSync(join(ROOT, 'test', '.script-'));
  try {
    const script = join(folder, `${name}.ts`);
    writeFileSync(script, code);
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      ['-C', '@ar-distill/source', '-r', join(ROOT, 'tools/jest/register.js'), script],
      { cwd: ROOT, encoding: 'utf8', timeout: 50000 },
    );
    return { status, output: `${stdout}${stderr}${signal ?? ''}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const PROGRAM = `
import { createEngine } from '@ar-distill/engine';
import * as tf from '@tensorflow/tfjs';

async function double(engine: ReturnType<typeof createEngine>): Promise<void> {
  const step = await engine.compile({
    name: 'double',
    inputs: { x: { shape: [], dtype: 'float32' } },
    fn: ({ inputs }) => ({ outputs: { y: inputs['x']!.mul(2) } }),
  });
  const { y } = await step.run({ x: { shape: [], dtype: 'float32', data: Float32Array.of(21) } });
  console.log(y!.data[0]);
}
`;

describe('the engine', () => {
  it("is a compiler in the sense of core's port", async () => {
    const engine = createEngine({ threads: 1 });
    const compiler: StepCompiler = engine;
    const store = await compiler.createStore({ total: scalar(1) });
    const step = await compiler.compile(
      {
        name: 'add',
        state: ['total'],
        inputs: { x: { shape: [], dtype: 'float32' } },
        fn: ({ state, inputs }) => {
          const total = tf.add(state['total']!, inputs['x']!);
          return { state: { total }, outputs: { total } };
        },
      },
      store,
    );
    await step.run({ x: scalar(2) });
    expect(await step.run({ x: scalar(3) })).toEqual({ total: scalar(6) });
    expect(await store.read()).toEqual({ total: scalar(6) });
    await engine.dispose();
  });

  it('lets the process end, prints nothing of its own, and runs from source', () => {
    const disposed = `${PROGRAM}
      const engine = createEngine();
      double(engine).then(() => engine.dispose());`;
    expect(runScript('disposed', disposed)).toEqual({ status: 0, output: '42\n' });
    const forgotten = `${PROGRAM}
      double(createEngine({ threads: 1 }));`;
    expect(runScript('forgotten', forgotten)).toEqual({ status: 0, output: '42\n' });
    const eager = `${PROGRAM}
      double(createEngine({ backend: 'cpu' }));`;
    expect(runScript('eager', eager)).toEqual({ status: 0, output: '42\n' });
  });

  it('is interrupted by Ctrl-C in the middle of a run', () => {
    const endless = `
      import { createEngine } from '@ar-distill/engine';
      import * as tf from '@tensorflow/tfjs';
      const size = 512;
      async function main(): Promise<void> {
        const engine = createEngine({ threads: 1 });
        const data = new Float32Array(size * size);
        const store = await engine.createStore({ x: { shape: [size, size], dtype: 'float32', data } });
        const step = await engine.compile({
          name: 'endless', state: ['x'], inputs: {}, iterations: 1000000,
          fn: ({ state }) => ({ state: { x: tf.matMul(state['x']!, state['x']!) }, outputs: {} }),
        }, store);
        setTimeout(() => {
          console.log('still responsive');
          process.kill(process.pid, 'SIGINT');
        }, 200);
        await step.run({});
      }
      void main();`;
    expect(runScript('endless', endless)).toEqual({
      status: null,
      output: 'still responsive\nSIGINT',
    });
  });

  it('describes what there is to run on', async () => {
    process.env['AR_DISTILL_TENSORFLOW'] = '/nowhere';
    const backends = await describeBackends();
    const byName = new Map(backends.map((backend) => [backend.name, backend]));
    expect(byName.get('onnxruntime cpu')?.available).toBe(true);
    expect(byName.get('cpu')?.available).toBe(true);
    expect(byName.get('tensorflow')).toEqual({
      name: 'tensorflow',
      available: false,
      detail: expect.stringContaining('doctor --install-tensorflow cpu'),
    });
    expect(byName.has('onnxruntime cuda')).toBe(true);
    for (const { detail } of backends) expect(detail).not.toBe('');
  });
});
