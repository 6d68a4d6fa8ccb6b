import { Writable } from 'node:stream';
import { ignoreLostReaders } from './lost-readers';

/** An output, and what was written to it. */
function output(isTTY = false) {
  const written: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      written.push(String(chunk));
      done();
    },
  });
  return Object.assign(stream, { written, isTTY });
}

const failure = (code: string): Error => Object.assign(new Error(code), { code });

it.each([
  ['EPIPE', false],
  ['ERR_STREAM_DESTROYED', false],
  ['EIO', true],
])('%s is no failure: nobody reads any more', (code, isTTY) => {
  const [stdout, stderr] = [output(isTTY), output()];
  const state = ignoreLostReaders(stdout, stderr);
  stdout.emit('error', failure(code));
  stderr.emit('error', failure('EPIPE'));
  expect(state.failed).toBe(false);
  expect(stderr.written).toEqual([]);
});

it.each([
  ['ENOSPC', false],
  ['EIO', false],
])('%s of a file is one, and is said once', (code, isTTY) => {
  const [stdout, stderr] = [output(isTTY), output()];
  const state = ignoreLostReaders(stdout, stderr);
  stdout.emit('error', failure(code));
  stdout.emit('error', failure(code));
  expect(state.failed).toBe(true);
  expect(stderr.written).toEqual([`Error: The output cannot be written (${code}).\n`]);
});
