import type { PlayedModel } from '../src/played-model';
import { BetweenView } from './between-view';
import { DrawingView } from './drawing-view';
import { element } from './element';
import { fetchDescription, fetchModel } from './fetch-model';
import { type Draw, Generator } from './generator';
import type { ModelBytes, RuntimeName } from './messages';
import { Runtime } from './runtime';

const MEBIBYTE = 2 ** 20;
const CONTROLS = ['runtimes', 'classes', 'draw', 'seed', 'new-from', 'new-to', 'share'];

const runtimes = element('runtimes', HTMLFieldSetElement);
const loading = element('loading', HTMLProgressElement);
let runtime: Runtime | undefined;
let generator: Generator | undefined;

const draw: Draw = async (noise, classes) => {
  const drawing = generator;
  try {
    return await drawing?.draw(noise, classes);
  } catch (error) {
    // What was under way when the runtime was changed is nobody's fault.
    if (drawing === generator) fail(error);
    return undefined;
  }
};

function say(text: string): void {
  element('status', HTMLParagraphElement).textContent = text;
}

function fail(error: unknown): void {
  loading.hidden = true;
  say(error instanceof Error ? error.message : String(error));
}

function enable(isEnabled: boolean): void {
  for (const id of CONTROLS) {
    element(id, HTMLElement).toggleAttribute('disabled', !isEnabled);
  }
}

async function hasWebGpu(): Promise<boolean> {
  if (!('gpu' in navigator)) return false;
  return (await navigator.gpu.requestAdapter()) !== null;
}

/** Starts the model anew on a runtime. */
async function startOn(
  name: RuntimeName,
  description: PlayedModel,
  bytes: ModelBytes,
): Promise<void> {
  enable(false);
  generator = undefined;
  runtime?.dispose();
  say(`Starting ${name === 'wasm' ? 'WebAssembly' : 'WebGPU'}`);
  runtime = new Runtime();
  const model = await runtime.load(name, bytes);
  const started = new Generator(runtime, model, description.numClasses !== undefined);
  // The first image takes longer than all others: programs are made for it.
  await started.draw({ seed: 0 }, [0]);
  generator = started;
  const threads = model.threads === 1 ? '1 thread' : `${model.threads} threads`;
  say(name === 'wasm' ? `On the CPU, ${threads}` : 'On the GPU');
  enable(true);
}

async function main(): Promise<void> {
  const [description, isGpu] = await Promise.all([fetchDescription(), hasWebGpu()]);
  element('model-name', HTMLParagraphElement).textContent = description.name;
  const bytes = await fetchModel(description, (loaded, total) => {
    loading.value = loaded / total;
    say(`Loading ${(loaded / MEBIBYTE).toFixed(1)} of ${(total / MEBIBYTE).toFixed(1)} MiB`);
  });
  loading.hidden = true;
  const drawing = new DrawingView(draw, description.numClasses, () => between.redraw());
  const between = new BetweenView(draw, () => drawing.label);
  const start = async (name: RuntimeName): Promise<void> => {
    await startOn(name, description, bytes);
    drawing.forgetTimes();
    drawing.again();
  };
  for (const input of runtimes.querySelectorAll('input')) {
    const name = input.value === 'webgpu' ? 'webgpu' : 'wasm';
    input.disabled = name === 'webgpu' && !isGpu;
    if (input.disabled) input.parentElement!.title = 'This browser has no WebGPU here';
    input.checked = name === (isGpu ? 'webgpu' : 'wasm');
    input.addEventListener('change', () => void start(name).catch(fail));
  }
  await start(isGpu ? 'webgpu' : 'wasm');
}

main().catch(fail);
