import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { scalar, tensorSource } from '@ar-distill/program';
import { createRun, openRun, type Run } from './run-directory';

/** CRC-32C bit by bit, from its polynomial as it is written: 0x1edc6f41. */
function crc32c(bytes: Uint8Array): number {
  const reversed = (value: number, bits: number): number =>
    Array.from({ length: bits }).reduce<number>(
      (sum, _, i) => sum + (Math.floor(value / 2 ** i) % 2) * 2 ** (bits - 1 - i),
      0,
    );
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder = (remainder ^ (reversed(byte, 8) << 24)) >>> 0;
    for (let bit = 0; bit < 8; bit++) {
      const isHigh = remainder >= 2 ** 31;
      remainder = ((remainder << 1) ^ (isHigh ? 0x1edc6f41 : 0)) >>> 0;
    }
  }
  return (reversed(remainder, 32) ^ 0xffffffff) >>> 0;
}

/** Fields of a protocol buffer: numbers, doubles, floats and bytes, by field number. */
function fieldsOf(bytes: Buffer): Map<number, (number | Buffer)[]> {
  const fields = new Map<number, (number | Buffer)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const key = varint();
    const readers: Record<number, () => number | Buffer> = {
      0: varint,
      1: () => take(8).readDoubleLE(),
      2: () => take(varint()),
      5: () => take(4).readFloatLE(),
    };
    const field = key >>> 3;
    fields.set(field, [...(fields.get(field) ?? []), readers[key & 7]!()]);
  }
  return fields;
}

/** The events of a file, every checksum compared. */
function eventsOf(file: string): Map<number, (number | Buffer)[]>[] {
  const bytes = readFileSync(file);
  const events: Map<number, (number | Buffer)[]>[] = [];
  let at = 0;
  const checked = (length: number): Buffer => {
    const data = bytes.subarray(at, at + length);
    const crc = crc32c(data);
    const rotated = ((crc >>> 15) | (crc << 17)) >>> 0;
    expect(bytes.readUInt32LE(at + length)).toBe((rotated + 0xa282ead8) % 2 ** 32);
    at += length + 4;
    return data;
  };
  while (at < bytes.length) events.push(fieldsOf(checked(Number(checked(8).readBigUInt64LE()))));
  return events;
}

const numberIn = (fields: Map<number, (number | Buffer)[]>, field: number): number =>
  fields.get(field)?.[0] as number;
const bytesIn = (fields: Map<number, (number | Buffer)[]>, field: number): Buffer[] =>
  (fields.get(field) ?? []) as Buffer[];

/** What TensorBoard would show of a stage: [step, value] by tag; a start forgets the steps after it. */
function shown(run: Run, stage: string): Record<string, [number, number][]> {
  const folder = path.join(run.path, 'tensorboard', stage);
  let points: { tag: string; step: number; value: number }[] = [];
  for (const name of readdirSync(folder).sort()) {
    const [version, ...events] = eventsOf(path.join(folder, name));
    expect(String(bytesIn(version!, 3)[0])).toBe('brain.Event:2');
    for (const event of events) {
      const step = numberIn(event, 2);
      expect(Math.abs(numberIn(event, 1) - Date.now() / 1000)).toBeLessThan(60);
      const [session] = bytesIn(event, 7);
      if (session && numberIn(fieldsOf(session), 1) === 1) {
        points = points.filter((point) => point.step < step);
      }
      for (const summary of bytesIn(event, 5)) {
        for (const value of bytesIn(fieldsOf(summary), 1)) {
          const fields = fieldsOf(value);
          points.push({ tag: String(bytesIn(fields, 1)[0]), step, value: numberIn(fields, 2) });
        }
      }
    }
  }
  const tags = [...new Set(points.map(({ tag }) => tag))];
  return Object.fromEntries(
    tags.map((tag) => [
      tag,
      points.filter((point) => point.tag === tag).map(({ step, value }) => [step, value]),
    ]),
  );
}

let root = '';
beforeEach(() => (root = mkdtempSync(path.join(tmpdir(), 'tensorboard-'))));
afterEach(() => rmSync(root, { recursive: true }));

it('has a checksum in this test that gives what RFC 3720 says', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
});

it('holds the metrics of a run, each step once after it was killed and resumed', async () => {
  const run = await createRun(root, 'run', {});
  const log = (of: Run, iteration: number, loss: number): void =>
    of.logMetrics({ stage: 'tuning', iteration, loss, 'generator/learningRate': 0.5 });
  for (const iteration of [1, 2]) log(run, iteration, iteration / 4);
  const checkpoint = { stage: 'tuning', iteration: 2, cursor: {}, tensors: tensorSource({ x: scalar(1) }) };
  await run.saveCheckpoint(checkpoint);
  // Done again, since the process stops before the next checkpoint.
  for (const iteration of [3, 4]) log(run, iteration, 100);
  await run.close();

  const resumed = await openRun(run.path);
  await resumed.loadCheckpoint();
  for (const iteration of [3, 4, 300]) log(resumed, iteration, iteration / 4);
  resumed.logMetrics({ stage: 'distillation', iteration: 1, loss: -2 });
  resumed.logMetrics({ note: 'no figures of a stage' });
  resumed.logScalars('report', 200, { FID: 1.5 });
  await resumed.close();

  const steps = [1, 2, 3, 4, 300];
  expect(shown(run, 'tuning')).toEqual({
    loss: steps.map((step) => [step, step / 4]),
    'generator/learningRate': steps.map((step) => [step, 0.5]),
  });
  expect(shown(run, 'distillation')).toEqual({ loss: [[1, -2]] });
  expect(shown(run, 'report')).toEqual({ FID: [[200, 1.5]] });
  expect(readdirSync(path.join(run.path, 'tensorboard')).sort()).toEqual([
    ...['distillation', 'report', 'tuning'],
  ]);
});

it('keeps its files in the run whatever a stage is called', async () => {
  const run = await createRun(root, 'run', {});
  run.logMetrics({ stage: '../../up and away', iteration: 1, loss: 1 });
  expect(readdirSync(path.join(run.path, 'tensorboard'))).toEqual(['-up-and-away']);
  await run.close();
});
