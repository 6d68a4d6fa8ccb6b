import { bytesOfPixels } from '@ar-distill/core';
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
} from './messages';

type Ort = typeof import('onnxruntime-web/wasm');

interface OpenModel {
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

let opened: Promise<OpenModel> | undefined;
/** A session runs one call at a time. */
let last: Promise<unknown> = Promise.resolve();

addEventListener('message', ({ data }: MessageEvent<Numbered<Request>>) => {
  const work = last.then(() => answer(data.content));
  last = work.then(
    (value) => reply(data.id, { value }),
    (error: unknown) => reply(data.id, { error: String(error) }),
  );
});

function reply(id: number, content: Outcome): void {
  const transfer =
    'value' in content && 'pixels' in content.value ? [content.value.pixels.buffer] : [];
  postMessage({ id, content } satisfies Numbered<Outcome>, { transfer });
}

function answer(request: Request): Promise<Answers[keyof Answers]> {
  return request.kind === 'load' ? load(request.runtime, request.bytes) : draw(request);
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
    executionProviders: [name],
    ...(externalData ? { externalData: [externalData] } : {}),
  });
  const noise = session.inputMetadata.find((input) => input.name === 'noise');
  const [, n, channels] = noise?.isTensor ? noise.shape : [];
  if (typeof n !== 'number' || typeof channels !== 'number') {
    throw new Error('The model does not say how much noise it takes.');
  }
  return { ort, session, noiseShape: [n, channels] };
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
  // From [0, 1] to what the library rounds.
  const centred = values.map((value) => 2 * value - 1);
  return { pixels: bytesOfPixels(centred), height, width, channels, milliseconds };
}
