import { bytesOfPixels } from '@ar-distill/core';
import type { OpenTeacher } from '@ar-distill/core/exported';
import { openTeacher } from '@ar-distill/engine-web';
import type { HostTensor } from '@ar-distill/program';
import type { InferenceSession } from 'onnxruntime-web';
import asyncifyGlue from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import asyncifyWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import glue from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type {
  Answers,
  DrawnImages,
  DrawRequest,
  LoadedModel,
  ModelBytes,
  Numbered,
  Outcome,
  Request,
  RuntimeName,
  TeacherBytes,
  TeacherRequest,
  TeacherStep,
} from './messages';

type Ort = typeof import('onnxruntime-web/wasm');

interface OpenModel {
  readonly name: RuntimeName;
  readonly ort: Ort;
  readonly session: InferenceSession;
  readonly noiseShape: LoadedModel['noiseShape'];
}

/** WebAssembly alone, or with WebGPU: each brings its own files, of which only one is fetched. */
const RUNTIMES: Readonly<
  Record<RuntimeName, { load(): Promise<Ort>; readonly mjs: string; readonly wasm: string }>
> = {
  wasm: { load: () => import('onnxruntime-web/wasm'), mjs: glue, wasm },
  webgpu: {
    load: () => import('onnxruntime-web/webgpu'),
    mjs: asyncifyGlue,
    wasm: asyncifyWasm,
  },
};

/** Without warnings of operators that stay on the CPU, as some should. */
function sessionsOn(name: RuntimeName): InferenceSession.SessionOptions {
  return { executionProviders: [name], logSeverityLevel: 3 };
}

let opened: Promise<OpenModel> | undefined;
let teacher: Promise<OpenTeacher> | undefined;
/** One thing is done at a time, so that each can be timed. */
let last: Promise<unknown> = Promise.resolve();

addEventListener('message', ({ data: { id, content } }: MessageEvent<Numbered<Request>>) => {
  const work = last.then(() => answer(content, (step) => reply(id, { step })));
  last = work.then(
    (value) => reply(id, { value }),
    (error: unknown) =>
      reply(id, { error: error instanceof Error ? error.message : String(error) }),
  );
});

function reply(id: number, content: Outcome): void {
  postMessage({ id, content } satisfies Numbered<Outcome>);
}

function answer(
  request: Request,
  onStep: (step: TeacherStep) => void,
): Promise<Answers[keyof Answers]> {
  switch (request.kind) {
    case 'load':
      return load(request.runtime, request.bytes);
    case 'draw':
      return draw(request);
    case 'load-teacher':
      return loadTeacher(request.files);
    case 'draw-teacher':
      return drawTeacher(request, onStep);
  }
}

async function load(name: RuntimeName, bytes: ModelBytes): Promise<LoadedModel> {
  opened = open(name, bytes);
  const { ort, noiseShape } = await opened;
  return { noiseShape, threads: ort.env.wasm.numThreads ?? 1 };
}

async function open(name: RuntimeName, { model, externalData }: ModelBytes): Promise<OpenModel> {
  const runtime = RUNTIMES[name];
  const ort = await runtime.load();
  ort.env.wasm.wasmPaths = { mjs: runtime.mjs, wasm: runtime.wasm };
  // 0 leaves the number to the runtime; without isolation there is no memory to share.
  ort.env.wasm.numThreads = crossOriginIsolated ? 0 : 1;
  const session = await ort.InferenceSession.create(model, {
    ...sessionsOn(name),
    ...(externalData ? { externalData: [externalData] } : {}),
  });
  const noise = session.inputMetadata.find((input) => input.name === 'noise');
  const [, n, channels] = noise?.isTensor ? noise.shape : [];
  if (typeof n !== 'number' || typeof channels !== 'number') {
    throw new Error('The model does not say how much noise it takes.');
  }
  return { name, ort, session, noiseShape: [n, channels] };
}

async function draw({ noise, labels, count }: DrawRequest): Promise<DrawnImages> {
  if (!opened) throw new Error('No model is loaded yet.');
  const { ort, session, noiseShape } = await opened;
  const start = performance.now();
  const { images } = await session.run({
    noise: new ort.Tensor('float32', noise, [count, ...noiseShape]),
    ...(labels ? { labels: new ort.Tensor('int32', labels, [count]) } : {}),
  });
  const values = (await images!.getData()) as Float32Array;
  const milliseconds = performance.now() - start;
  const [, height, width, channels] = images!.dims as [number, number, number, number];
  images!.dispose();
  return { pixels: bytesOf(values), height, width, channels, milliseconds };
}

async function loadTeacher(files: TeacherBytes): Promise<undefined> {
  if (!opened) throw new Error('No model is loaded yet.');
  const { name, ort } = await opened;
  const read = async (file: string): Promise<Uint8Array> => {
    const bytes = files.get(file);
    if (bytes) return bytes;
    throw new Error(`The teacher has no file "${file}": export it again.`);
  };
  teacher = openTeacher(read, ort, sessionsOn(name));
  await teacher;
}

async function drawTeacher(
  { label, seed }: TeacherRequest,
  onStep: (step: TeacherStep) => void,
): Promise<DrawnImages> {
  if (!teacher) throw new Error('No teacher is loaded yet.');
  const { imageShape, draw } = await teacher;
  const [height, width, channels] = imageShape;
  const imageOf = ({ data }: HostTensor) => ({
    pixels: bytesOf(Float32Array.from(data)),
    height,
    width,
    channels,
  });
  await draw(label, seed, ({ step, steps, pixels }) =>
    onStep({ step, steps, image: imageOf(pixels) }),
  );
  // Once more, for its time: nobody needs the pictures in between to have the last one.
  const start = performance.now();
  const { pixels } = await draw(label, seed);
  return { ...imageOf(pixels), milliseconds: performance.now() - start };
}

/** Pixels in [0, 1] as the library rounds them. */
function bytesOf(values: Float32Array): Uint8Array {
  return bytesOfPixels(values.map((value) => 2 * value - 1));
}
