import { summarize } from './profile';

const kernel = (operator: string, dur: number) => ({
  cat: 'Node',
  name: `node_${operator}_kernel_time`,
  dur,
  args: { op_name: operator },
});

describe('summarize', () => {
  it('adds up kernels by operator, the costliest first', async () => {
    const events = [kernel('Add', 1000), kernel('MatMul', 3000), kernel('Add', 500)];
    expect(await summarize(events)).toEqual([
      { operator: 'MatMul', calls: 1, milliseconds: 3 },
      { operator: 'Add', calls: 2, milliseconds: 1.5 },
    ]);
  });

  it('leaves out loops, whose bodies are counted already, and what is no kernel', async () => {
    const events = [
      kernel('Loop', 9000),
      kernel('Exp', 10),
      { ...kernel('Exp', 10), name: 'node_Exp_fence_before' },
      { cat: 'Session', name: 'model_run', dur: 9000 },
    ];
    expect(await summarize(events)).toEqual([{ operator: 'Exp', calls: 1, milliseconds: 0.01 }]);
  });
});
