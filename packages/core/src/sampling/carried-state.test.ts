import { float32, type HostTensors } from '@ar-distill/program';
import { CarriedState } from './carried-state';

/** A state of one value, and what is written to it. */
function counted() {
  const writes: number[] = [];
  const initial = (): HostTensors => ({ cache: float32([1], Float32Array.of(7)) });
  const store = {
    write: (values: Readonly<HostTensors>) =>
      Promise.resolve(void writes.push(values['cache']!.data[0]!)),
  };
  return { writes, carried: new CarriedState(store, initial) };
}

test('nothing is written between calls that succeed', async () => {
  const { writes, carried } = counted();
  for (const value of [1, 2, 3])
    expect(await carried.use(() => Promise.resolve(value))).toBe(value);
  expect(writes).toEqual([]);
});

test('the call after one that failed starts from the initial state, later ones do not', async () => {
  const { writes, carried } = counted();
  await expect(carried.use(() => Promise.reject(new Error('NaN')))).rejects.toThrow('NaN');
  expect(writes).toEqual([]);
  await carried.use(() => Promise.resolve(writes.push(-1)));
  await carried.use(() => Promise.resolve(writes.push(-2)));
  expect(writes).toEqual([7, -1, -2]);
});

test('a call that begins while another one is under way does not trust what that one leaves', async () => {
  const { writes, carried } = counted();
  const failing = carried.use(() => Promise.reject(new Error('NaN')));
  const next = carried.use(() => Promise.resolve(writes.push(-1)));
  await expect(failing).rejects.toThrow('NaN');
  await next;
  expect(writes).toEqual([7, -1]);
});

test.each([
  [
    ['ok', 'ok', 'NaN', 'ok'],
    ['run 0', 'run 1', 'run 2', 'write', 'run 3'],
  ],
  [
    ['ok', 'NaN', 'ok', 'NaN'],
    ['run 0', 'run 1', 'write', 'run 2', 'run 3'],
  ],
])('calls that begin at once, %p, each start from a finite state', async (ends, expected) => {
  const events: string[] = [];
  const store = { write: () => Promise.resolve(void events.push('write')) };
  const carried = new CarriedState(store, () => ({}));
  const calls = ends.map((end, i) =>
    carried.use(async () => {
      // The first ones take longest, as they would where calls overtake each other.
      for (let ticks = 0; ticks < 10 - i; ticks++) await Promise.resolve();
      events.push(`run ${i}`);
      if (end === 'NaN') throw new Error(`NaN in ${i}`);
    }),
  );
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.map(({ status }) => status)).toEqual(
    ends.map((end) => (end === 'ok' ? 'fulfilled' : 'rejected')),
  );
  expect(events).toEqual(expected);
});

test('a call that fails and is not awaited yet ends nothing but itself', async () => {
  const { carried } = counted();
  const failing = carried.use(() => Promise.reject(new Error('NaN')));
  expect(await carried.use(() => Promise.resolve(1))).toBe(1);
  await expect(failing).rejects.toThrow('NaN');
});
