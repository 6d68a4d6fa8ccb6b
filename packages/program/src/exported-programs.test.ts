import { type ExportedProgram, exportedPrograms } from './exported-programs';
import type { CompiledStep } from './step-compiler';
import { int32, scalar } from './tensors';

const scalarSpec = { shape: [], dtype: 'float32' } as const;
/** Adds its input to a total, and has an input that the model does not read. */
const counting: ExportedProgram = {
  name: 'counting',
  inputs: { added: scalarSpec, idle: { shape: [], dtype: 'int32' } },
  state: { total: scalarSpec },
  reads: ['input/added', 'state/total'],
  writes: { 'output/before': scalarSpec, 'next/total': scalarSpec },
};
const signature = { name: 'counting', inputs: counting.inputs, state: ['total'] };

/** The model of `counting`, which takes its time. */
const open = async (): Promise<CompiledStep> => ({
  run: async (inputs) => {
    expect(Object.keys(inputs).sort()).toEqual(['input/added', 'state/total']);
    const [added, total] = [inputs['input/added']!.data[0]!, inputs['state/total']!.data[0]!];
    await new Promise((resolve) => setTimeout(resolve, 1));
    return { 'output/before': scalar(total), 'next/total': scalar(total + added) };
  },
  dispose: async () => undefined,
});
const compiler = exportedPrograms([counting], open);
const given = (added: number) => ({ added: scalar(added), idle: int32([], Int32Array.of(0)) });

it('runs an exported program on its state, in the order of the calls', async () => {
  const store = await compiler.createStore({ total: scalar(10) });
  const step = await compiler.compile(signature, store);
  const results = await Promise.all([step.run(given(1)), step.run(given(2)), step.run(given(3))]);
  expect(results.map(({ before }) => before!.data[0])).toEqual([10, 11, 13]);
  expect((await store.read())['total']).toEqual(scalar(16));
  await store.write({ total: scalar(-1) });
  expect((await step.run(given(0)))['before']).toEqual(scalar(-1));
  await store.dispose();
  await expect(step.run(given(0))).rejects.toThrow('The state store has been disposed.');
});

it('runs it several times a call', async () => {
  const store = await compiler.createStore({ total: scalar(0) });
  const step = await compiler.compile({ ...signature, iterations: 3 }, store);
  const added = { shape: [3], dtype: 'float32', data: Float32Array.of(1, 2, 3) } as const;
  const { before } = await step.run({ added, idle: int32([3], new Int32Array(3)) });
  expect(before).toEqual({ shape: [3], dtype: 'float32', data: Float32Array.of(0, 1, 3) });
  expect((await store.read())['total']).toEqual(scalar(6));
});

it('says what was not exported, and which store or input is wrong', async () => {
  const store = await compiler.createStore({ total: scalar(0) });
  for (const other of [
    { ...signature, name: 'sum' },
    { ...signature, inputs: { added: scalarSpec } },
    { ...signature, inputs: { ...counting.inputs, added: { shape: [2], dtype: 'float32' } } },
    { ...signature, state: [] },
  ] as const) {
    await expect(compiler.compile(other, store)).rejects.toThrow(
      `No program "${other.name}" with these inputs and this state was exported: there are "counting".`,
    );
  }
  await expect(compiler.compile(signature)).rejects.toThrow(
    'reads state: give compile() the store',
  );
  const { specs, read, write, dispose } = store;
  await expect(compiler.compile(signature, { specs, read, write, dispose })).rejects.toThrow(
    "another compiler's",
  );
  const step = await compiler.compile(signature, store);
  await expect(step.run({ added: scalar(1) })).rejects.toThrow('needs the input "idle"');
});
