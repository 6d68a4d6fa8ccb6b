import { OptimizerStep, ParameterGroup, type SupervisedTask } from '@ar-distill/core/optimization';
import { initializeParameters } from '@ar-distill/nn';
import type { HostTensor, HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import { equalValues, listNames, requireHostShape, requireThat } from './assertions';

/** What an update is made with. */
export interface UpdateOptions {
  readonly compiler: StepCompiler;
  readonly rng: Rng;
  /** Arrays of `task.batchSpecs` for `batchSize` samples. */
  readonly batch: HostTensors;
  readonly batchSize: number;
  /** Values that replace fresh ones. */
  readonly initial: Readonly<HostTensors>;
  /** Weights that the task reads and does not train. */
  readonly constants?: Readonly<HostTensors>;
}

const LEARNING_RATE = 1e-3;
const OPTIMIZER = { beta1: 0.9, beta2: 0.95, weightDecay: 0, gradientClip: 1 };

/**
 * Compiles the update of a task as training does, runs it once, and requires figures that are finite,
 * a gradient, and that what the task trains has moved and nothing else has but for its own updates.
 * @returns the parameters after it.
 */
export async function requireOneUpdate(
  task: SupervisedTask,
  { compiler, rng, batch, batchSize, initial, constants = {} }: UpdateOptions,
): Promise<HostTensors> {
  const values: Record<string, HostTensor> = initializeParameters(task.parameterSpecs, rng);
  for (const name of Object.keys(values)) values[name] = initial[name] ?? values[name]!;
  requireSpecs('batchSpecs', task.batchSpecs(batchSize), batch);
  const noise = task.drawNoise?.(rng, 0, batchSize) ?? {};
  requireSpecs('noiseSpecs', task.noiseSpecs?.(batchSize) ?? {}, noise);
  const group = new ParameterGroup('model', values, {
    isTrained: (name) => task.isTrainable(name),
    ema: false,
    accumulates: false,
  });
  requireThat(group.trained.length > 0, 'isTrainable holds for no parameter.');
  const store = await compiler.createStore(group.initialState());
  try {
    const step = await OptimizerStep.compile(compiler, store, {
      name: 'update',
      group,
      inputs: { ...task.batchSpecs(batchSize), ...task.noiseSpecs?.(batchSize) },
      constants,
      objective: (values) => (parameters) =>
        task.evaluate(parameters, values.inputs, values.constants),
      settings: OPTIMIZER,
    });
    try {
      const figures = await step.run(
        [{ ...batch, ...noise }],
        [{ learningRate: LEARNING_RATE, update: 1, emaDecay: 0 }],
      );
      requireFigures(figures);
    } finally {
      await step.dispose();
    }
    const updated = await group.weights(store);
    requireMoves(task, values, updated);
    requireRepair(task, updated, batch, rng);
    return updated;
  } finally {
    await store.dispose();
  }
}

/** Requires that `given` holds what was declared, and nothing else. */
function requireSpecs(
  what: string,
  declared: Readonly<Record<string, { readonly shape: readonly number[]; readonly dtype: string }>>,
  given: Readonly<HostTensors>,
): void {
  const form = (specs: typeof declared): string =>
    Object.keys(specs)
      .sort()
      .map((name) => `"${name}" ${specs[name]!.dtype} [${specs[name]!.shape.join(', ')}]`)
      .join(', ');
  const [own, wanted] = [form(declared), form(given)];
  requireThat(
    own === wanted,
    `${what} declares ${own || 'nothing'} where it gets ${wanted || 'nothing'}.`,
  );
}

function requireFigures(figures: Readonly<Record<string, number>>): void {
  const broken = Object.keys(figures).filter((name) => !Number.isFinite(figures[name]));
  requireThat(broken.length === 0, `The update gives ${listNames(broken)} as NaN or infinite.`);
  requireThat(figures['gradientNorm']! > 0, 'Its loss has no gradient.');
}

function requireMoves(
  task: SupervisedTask,
  before: Readonly<HostTensors>,
  after: Readonly<HostTensors>,
): void {
  const names = Object.keys(task.parameterSpecs);
  const broken = names.filter((name) => !after[name]!.data.every(Number.isFinite));
  requireThat(broken.length === 0, `The update makes ${listNames(broken)} NaN or infinite.`);
  const trained = names.filter((name) => task.isTrainable(name));
  const moved = trained.filter((name) => !equalValues(before[name]!.data, after[name]!.data));
  requireThat(moved.length > 0, 'The update moves no parameter.');
}

function requireRepair(
  { maintenance }: SupervisedTask,
  parameters: Readonly<HostTensors>,
  batch: Readonly<HostTensors>,
  rng: Rng,
): void {
  const repaired = maintenance?.repair(parameters, batch, rng, 0) ?? {};
  const unknown = Object.keys(repaired).filter((name) => !parameters[name]);
  requireThat(unknown.length === 0, `The repair returns ${listNames(unknown)}, no parameters.`);
  for (const [name, value] of Object.entries(repaired)) {
    requireHostShape(`"${name}" after the repair`, value, parameters[name]!.shape);
    requireThat(value.data.every(Number.isFinite), `The repair makes "${name}" NaN or infinite.`);
  }
}
