import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findPythonWith } from '@ar-distill/bench';

/** Checks a model, and draws from noise and labels in files. */
const PYTHON = `
import sys
import numpy, onnx, onnxruntime
model, noise, labels, count, result = sys.argv[1:]
onnx.checker.check_model(model, full_check=True)
assert [opset.domain for opset in onnx.load(model).opset_import] == ['']
session = onnxruntime.InferenceSession(model, providers=['CPUExecutionProvider'])
shape = session.get_inputs()[0].shape[1:]
feeds = {
    'noise': numpy.fromfile(noise, numpy.float32).reshape(int(count), *shape),
    'labels': numpy.fromfile(labels, numpy.int32),
}
session.run(['images'], feeds)[0].tofile(result)
`;

/** The same in onnxruntime-web, on WebAssembly. */
const WEB = `
const { readFileSync, writeFileSync } = require('node:fs');
const { env, InferenceSession, Tensor } = require('onnxruntime-web');
const [model, noise, labels, count, result] = process.argv.slice(1);
const read = (file, Type) => new Type(Uint8Array.from(readFileSync(file)).buffer);
env.wasm.numThreads = 1;
(async () => {
  const session = await InferenceSession.create(model, { executionProviders: ['wasm'] });
  const [, ...shape] = session.inputMetadata[0].shape;
  const { images } = await session.run({
    noise: new Tensor('float32', read(noise, Float32Array), [Number(count), ...shape]),
    labels: new Tensor('int32', read(labels, Int32Array), [Number(count)]),
  });
  writeFileSync(result, new Uint8Array(images.data.buffer, images.data.byteOffset, images.data.byteLength));
})();
`;

/** Another runtime than ours: the command that runs a script, and the script. */
export type OnnxRuntime = readonly [command: string, flag: string, script: string];

export const WEB_RUNTIME: OnnxRuntime = [process.execPath, '-e', WEB];

/** PyPI's onnxruntime, after the checker of its onnx; undefined where no Python has both. */
export function pythonRuntime(): OnnxRuntime | undefined {
  const python = findPythonWith('numpy', 'onnx', 'onnxruntime');
  return python === undefined ? undefined : [python, '-c', PYTHON];
}

/** Pixels that a runtime draws with a model from noise [N, n, C] and labels [N]. */
export function drawnBy(
  [command, flag, script]: OnnxRuntime,
  model: string,
  noise: Float32Array,
  labels: Int32Array,
): Float32Array {
  const folder = mkdtempSync(path.join(tmpdir(), 'ar-distill-runtime-'));
  try {
    const file = (name: string): string => path.join(folder, name);
    writeFileSync(file('noise'), noise);
    writeFileSync(file('labels'), labels);
    const args = [model, file('noise'), file('labels'), String(labels.length), file('result')];
    const { status, stderr } = spawnSync(command, [flag, script, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return new Float32Array(Uint8Array.from(readFileSync(file('result'))).buffer);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
