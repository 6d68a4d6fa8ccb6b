import type { PlayedModel } from '../src/played-model';
import { BetweenView } from './between-view';
import { DrawingView } from './drawing-view';
import { element } from './element';
import { fetchDescription, fetchModel } from './fetch-model';
import { type Draw, Generator } from './generator';
import type { ModelBytes, RuntimeName } from './messages';
import { Runtime } from './runtime';
import { Teacher } from './teacher';
import { TeacherView } from './teacher-view';
import { bytesLoaded } from './words';

const CONTROLS = [
  'runtimes',
  'classes',
  'draw',
  'seed',
  'new-from',
  'new-to',
  'share',
  'draw-both',
];

const loading = element('loading', HTMLProgressElement);
let runtime: Runtime | undefined;
let generator: Generator | undefined;
let teacher: Teacher | undefined;

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

function choiceOf(name: RuntimeName): HTMLInputElement {
  return element(`on-${name}`, HTMLInputElement);
}

function refuse(name: RuntimeName, reason: string): void {
  choiceOf(name).disabled = true;
  choiceOf(name).parentElement!.title = reason;
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
  teacher = undefined;
  runtime?.dispose();
  say(`Starting ${name === 'wasm' ? 'WebAssembly' : 'WebGPU'}`);
  runtime = new Runtime();
  const model = await runtime.load(name, bytes);
  const started = new Generator(runtime, model, description.numClasses !== undefined);
  // The first image takes longer than all others: programs are made for it.
  await started.draw({ seed: 0 }, [0]);
  generator = started;
  if (description.teacher) teacher = new Teacher(runtime, description.teacher);
  const threads = model.threads === 1 ? '1 thread' : `${model.threads} threads`;
  say(name === 'wasm' ? `On the CPU, ${threads}` : 'On the GPU');
  enable(true);
}

async function main(): Promise<void> {
  const [description, isGpu] = await Promise.all([fetchDescription(), hasWebGpu()]);
  element('model-name', HTMLParagraphElement).textContent = description.name;
  const bytes = await fetchModel(description, (loaded, total) => {
    loading.value = loaded / total;
    say(bytesLoaded(loaded, total));
  });
  loading.hidden = true;
  const drawing = new DrawingView(draw, description.numClasses, () => between.redraw());
  const between = new BetweenView(draw, () => drawing.label);
  if (description.teacher) new TeacherView(draw, () => teacher, drawing);
  const start = async (name: RuntimeName): Promise<void> => {
    choiceOf(name).checked = true;
    try {
      await startOn(name, description, bytes);
    } catch (error) {
      if (name === 'wasm') throw error;
      refuse(name, String(error));
      return start('wasm');
    }
    drawing.forgetTimes();
    drawing.again();
  };
  for (const name of ['webgpu', 'wasm'] as const) {
    choiceOf(name).addEventListener('change', () => void start(name).catch(fail));
  }
  if (!isGpu) refuse('webgpu', 'This browser has no WebGPU here');
  await start(isGpu ? 'webgpu' : 'wasm');
}

main().catch(fail);
