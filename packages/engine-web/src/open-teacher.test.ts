import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as ort from 'onnxruntime-web';
import { openTeacher } from './open-teacher';

const sequence = { shape: [1, 2, 2], dtype: 'float32' };
const file = (name: string) => ({ name, bytes: 3, sha256: 'a'.repeat(64) });
const program = (name: string, inputs: object) => ({
  ...{ name, inputs, state: {}, reads: [], writes: {} },
  file: file(`${name}.onnx`),
});
/** A description whose files are not those that lie beside it. */
const description = {
  ...{ format: 'ar-distill-teacher', version: 1, madeBy: 'a test', preset: 'plugin:preset' },
  sampling: { guidanceScale: 1.5, topK: 0, topP: 1, temperature: 1 },
  name: 'tiny teacher',
  numClasses: 3,
  layout: { channels: 2, stepLengths: [1, 1] },
  imageShape: [4, 4, 1],
  ...{ draws: {}, perStep: {}, state: {} },
  weights: file('weights.safetensors'),
  programs: [
    program('tiny teacher', {
      'condition/labels': { shape: [1], dtype: 'int32' },
      start: { shape: [], dtype: 'int32' },
    }),
    program('teacher decoder', { sequence }),
  ],
};
const text = Buffer.from(JSON.stringify(description));

it.each([
  ['of another length', 'abcd'],
  ['with another checksum', 'abc'],
])('refuses a file %s', async (_what, content) => {
  const read = async (name: string) => (name === 'programs.json' ? text : Buffer.from(content));
  await expect(openTeacher(read, ort)).rejects.toThrow(
    /^"(tiny teacher\.onnx|weights\.safetensors)" is not the file that was exported with the teacher: take all files from one export\.$/,
  );
});

it('says which program was not exported', async () => {
  const [, decoder] = description.programs;
  const other = Buffer.from(JSON.stringify({ ...description, programs: [decoder] }));
  await expect(openTeacher(async () => other, ort)).rejects.toThrow(
    'No program "tiny teacher: AR step 1" with these inputs and this state was exported: there are "teacher decoder".',
  );
});

it('names the address that a server does not have', async () => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/a%20folder/programs.json' ? 200 : 404;
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(openTeacher(`${address}/a%20folder/`, ort)).rejects.toThrow(
    /^".*\/a%20folder\/(tiny%20teacher\.onnx|weights\.safetensors)" cannot be read, because the server answers 404: put the whole folder of the exported teacher there\.$/,
  );
  await new Promise((resolve) => server.close(resolve));
});
