import type { DistillationSubject, GeneratorSnapshot, MethodServices } from '@ar-distill/core';
import { csd, type DistillationSettings } from '@ar-distill/core/methods';
import type { TrainingEnvironment } from '@ar-distill/core/optimization';
import { type HostTensors, tensorSource } from '@ar-distill/program';

export type MemoryRun = ReturnType<typeof memoryRun>;

/** A run that lives in memory, with these arrays, and the stages that did something in it. */
export function memoryRun(kept: Iterable<readonly [string, HostTensors]> = []) {
  const arrays = new Map<string, HostTensors>(kept);
  const worked: string[] = [];
  const messages: string[] = [];
  const metrics: Record<string, number | string>[] = [];
  let interruption = new AbortController();
  let stopAt: number | undefined;
  let stopIn = 'distillation';
  let checkpoint: Awaited<ReturnType<TrainingEnvironment['run']['loadCheckpoint']>>;
  const environment: TrainingEnvironment = {
    run: {
      loadCheckpoint: async () => checkpoint,
      saveCheckpoint: async (given) => {
        const tensors = await given.tensors.read(Object.keys(given.tensors.specs));
        checkpoint = { ...given, tensors: tensorSource(structuredClone(tensors)) };
      },
      logMetrics: (values) => {
        metrics.push(values);
        if (values['stage'] === stopIn && values['iteration'] === stopAt) interruption.abort();
      },
      saveArrays: async (name, given) => void arrays.set(name, { ...given }),
      loadArrays: async (name) => arrays.get(name),
    },
    progress: {
      update: ({ stage }) => {
        if (worked.at(-1) !== stage) worked.push(stage);
      },
      message: (text) => void messages.push(text),
    },
    get signal() {
      return interruption.signal;
    },
  };
  /** Has a stage, stage 2 by default, interrupted after that iteration, once; undefined lets it end. */
  const stopAfter = (iteration: number | undefined, stage = 'distillation'): void => {
    interruption = new AbortController();
    stopAt = iteration;
    stopIn = stage;
  };
  return { arrays, worked, messages, metrics, environment, stopAfter };
}

/** Distils in the run, from where that stands. */
export async function distilIn(
  { environment }: MemoryRun,
  subject: DistillationSubject<DistillationSettings>,
  services: MethodServices,
) {
  const snapshots: GeneratorSnapshot[] = [];
  const distillation = csd.start(subject, {
    ...services,
    onSnapshot: async (snapshot) => void snapshots.push(snapshot),
  });
  for (const stage of distillation.stages) await stage.run(environment);
  return { ...distillation.outcome(), snapshots };
}
