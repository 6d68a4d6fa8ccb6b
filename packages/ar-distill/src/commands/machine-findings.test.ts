import { thisMachine } from '@ar-distill/workflows';
import { machineFindings } from './doctor';

const machine = {
  node: '22.12.0',
  platform: 'linux x64',
  processor: 'Test CPU',
  threads: 2,
  totalMemory: 8 * 2 ** 30,
  freeMemory: 2 ** 30,
};

describe('machineFindings', () => {
  it('describes a machine that is fine', () => {
    expect(machineFindings(machine)).toEqual([
      { state: 'ok', subject: 'Node', detail: '22.12.0 on linux x64' },
      { state: 'ok', subject: 'Processor', detail: 'Test CPU, 2 threads' },
      { state: 'ok', subject: 'Memory', detail: '8.0 GiB, 1.0 GiB free' },
    ]);
  });

  it.each([
    ['20.18.9', 'wrong'],
    ['18.20.0', 'wrong'],
    ['20.19.0', 'ok'],
    ['21.7.3', 'wrong'],
    ['22.11.9', 'wrong'],
    ['22.12.0', 'ok'],
    ['23.0.0', 'ok'],
    ['24.0.0', 'ok'],
  ])('takes Node %s as %s', (node, state) => {
    expect(machineFindings({ ...machine, node })[0]?.state).toBe(state);
  });

  it('warns of little memory', () => {
    expect(machineFindings({ ...machine, totalMemory: 2 ** 30 })[2]?.state).toBe('missing');
  });

  it('finds out about this machine', () => {
    const here = thisMachine();
    expect(here.threads).toBeGreaterThan(0);
    expect(here.totalMemory).toBeGreaterThan(2 ** 27);
    expect(machineFindings(here)[0]?.state).toBe('ok');
  });
});
