import * as tf from '@tensorflow/tfjs';
import {
  adamW,
  biasCorrections,
  clipByGlobalNorm,
  emaUpdate,
  type Parameters,
} from '@ar-distill/nn';
import {
  type CompiledStep,
  type HostTensor,
  type HostTensors,
  scalar,
  type StateStore,
  type StepCompiler,
  type StepResult,
  type StepValues,
  type TensorSpec,
} from '@ar-distill/program';
import { callsInOrder } from './calls-in-order';
import { differentiate } from './differentiate';
import type { ParameterGroup } from './parameter-group';
import { type Combined, combined, stack } from './step-outputs';
import type { TaskLoss } from './supervised-task';

/** Settings of AdamW and of the clipping by the global norm. */
export interface OptimizerSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
  readonly gradientClip: number;
}

/** What changes from update to update; computed on the host, so inputs of the compiled step. */
export interface UpdateSchedule {
  readonly learningRate: number;
  /** Number of this update, from 1: the exponent of Adam's bias corrections. */
  readonly update: number;
  /** Decay of the moving average, when the group keeps one. */
  readonly emaDecay: number;
}

/**
 * First receives everything the step reads and computes what gradients must not enter; the function
 * it returns is differentiated in the trained parameters.
 */
export type Objective = (values: StepValues) => (parameters: Parameters) => TaskLoss;

export interface OptimizerStepOptions {
  readonly name: string;
  readonly group: ParameterGroup;
  /** Store names of other networks that the objective reads. */
  readonly reads?: readonly string[];
  readonly constants?: Readonly<HostTensors>;
  /** One (micro-)batch. */
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly objective: Objective;
  /** Micro-batches whose gradients are averaged into one update. */
  readonly microBatches?: number;
  /** Updates per call. */
  readonly updates?: number;
  /** Metrics that are no means of what the micro-batches gave. */
  readonly combine?: Combined;
  readonly settings: OptimizerSettings;
}

const ADAM_EPSILON = 1e-8;
const SCALAR: TensorSpec = { shape: [], dtype: 'float32' };
const SCHEDULE = {
  'schedule/learningRate': SCALAR,
  'schedule/biasCorrection1': SCALAR,
  'schedule/biasCorrection2': SCALAR,
  'schedule/emaDecay': SCALAR,
} as const satisfies Record<string, TensorSpec>;

/**
 * Compiled updates of one network: gradients of an objective, clipping, AdamW and the moving average.
 * One micro-batch per update is a single fused program; several accumulate first.
 */
export class OptimizerStep {
  private constructor(
    private readonly options: OptimizerStepOptions,
    private readonly programs: {
      readonly fused?: CompiledStep;
      readonly accumulate?: CompiledStep;
      readonly apply?: CompiledStep;
    },
  ) {}

  /** Updates of one call. */
  get updates(): number {
    return this.options.updates ?? 1;
  }

  /** Batches of one call: `updates` × `microBatches`. */
  get batches(): number {
    return this.updates * (this.options.microBatches ?? 1);
  }

  static async compile(
    compiler: StepCompiler,
    store: StateStore,
    options: OptimizerStepOptions,
  ): Promise<OptimizerStep> {
    const { name, group, constants, inputs } = options;
    const microBatches = options.microBatches ?? 1;
    const state = [...group.updateNames(), ...(options.reads ?? [])];
    if (microBatches === 1) {
      const fused = await compiler.compile(
        {
          name,
          fn: (values) => fusedUpdate(options, values),
          state,
          constants,
          inputs: { ...inputs, ...SCHEDULE },
          iterations: options.updates,
        },
        store,
      );
      return new OptimizerStep(options, { fused });
    }
    if (!group.options.accumulates) {
      throw new Error(
        `The network "${group.name}" needs room for gradient sums to accumulate over ${microBatches} micro-batches.`,
      );
    }
    const accumulate = await compiler.compile(
      {
        name: `${name}: gradients`,
        fn: (values) => accumulateGradients(options, values),
        state,
        constants,
        inputs,
        iterations: microBatches,
      },
      store,
    );
    const apply = await compiler.compile(
      {
        name: `${name}: update`,
        fn: (values) => applyAccumulated(options, values),
        state: group.updateNames(),
        inputs: SCHEDULE,
      },
      store,
    );
    return new OptimizerStep(options, { accumulate, apply });
  }

  /**
   * Runs `updates` updates on `batches` batches, in order; returns the means of the metrics, or what
   * `combine` makes of them.
   * @throws RangeError when the number of batches or of schedules is another one.
   */
  async run(
    batches: readonly Readonly<HostTensors>[],
    schedules: readonly UpdateSchedule[],
  ): Promise<Record<string, number>> {
    if (batches.length !== this.batches || schedules.length !== this.updates) {
      throw new RangeError(
        `The step "${this.options.name}" takes ${this.batches} batches and ${this.updates} schedules, not ${batches.length} and ${schedules.length}.`,
      );
    }
    const { fused, accumulate, apply } = this.programs;
    const { combine } = this.options;
    const hostSchedules = schedules.map((schedule) =>
      scheduleInputs(schedule, this.options.settings),
    );
    if (fused) {
      const calls = batches.map((batch, i) => ({ ...batch, ...hostSchedules[i]! }));
      return combined(await fused.run(this.updates === 1 ? calls[0]! : stack(calls)), combine);
    }
    const microBatches = this.batches / this.updates;
    const results: Record<string, HostTensor>[] = [];
    for (const [i, schedule] of hostSchedules.entries()) {
      const own = batches.slice(i * microBatches, (i + 1) * microBatches);
      const [loss, update] = await callsInOrder([
        accumulate!.run(stack(own)),
        apply!.run(schedule),
      ]);
      results.push({ ...loss, ...update });
    }
    return combined(stack(results), combine);
  }

  async dispose(): Promise<void> {
    for (const program of Object.values(this.programs)) await program?.dispose();
  }
}

function fusedUpdate(options: OptimizerStepOptions, values: StepValues): StepResult {
  const { group } = options;
  const { gradients, updates, ...loss } = evaluateGradients(options, values);
  const { state, gradientNorm } = update(options, values, gradients);
  return {
    state: { ...state, ...group.write('value', updates ?? {}) },
    outputs: { loss: loss.loss, ...loss.metrics, gradientNorm },
  };
}

function accumulateGradients(options: OptimizerStepOptions, values: StepValues): StepResult {
  const { group } = options;
  const { gradients, updates, loss, metrics } = evaluateGradients(options, values);
  const share = 1 / (options.microBatches ?? 1);
  const sums = group.read('gradient', values.state);
  const added = Object.fromEntries(
    group.trained.map((name) => [name, tf.add(sums[name]!, tf.mul(gradients[name]!, share))]),
  );
  return {
    state: { ...group.write('gradient', added), ...group.write('value', updates ?? {}) },
    outputs: { loss, ...metrics },
  };
}

function applyAccumulated(options: OptimizerStepOptions, values: StepValues): StepResult {
  const { group } = options;
  const gradients = group.read('gradient', values.state);
  const { state, gradientNorm } = update(options, values, gradients);
  const cleared = Object.fromEntries(
    Object.entries(gradients).map(([name, sum]) => [name, tf.zerosLike(sum)]),
  );
  return {
    state: { ...state, ...group.write('gradient', cleared) },
    outputs: { gradientNorm },
  };
}

function evaluateGradients(options: OptimizerStepOptions, values: StepValues) {
  const parameters = options.group.read('value', values.state);
  return differentiate(options.objective(values), parameters, options.group.trained);
}

function update(
  { group, settings }: OptimizerStepOptions,
  { state, inputs }: StepValues,
  gradients: Parameters,
): { state: Record<string, tf.Tensor>; gradientNorm: tf.Tensor } {
  const weights = group.read('value', state);
  const clipped = clipByGlobalNorm(gradients, settings.gradientClip);
  const next = adamW({
    parameters: Object.fromEntries(group.trained.map((name) => [name, weights[name]!])),
    gradients: clipped.gradients,
    moments1: group.read('moment1', state),
    moments2: group.read('moment2', state),
    learningRate: inputs['schedule/learningRate']!,
    biasCorrection1: inputs['schedule/biasCorrection1']!,
    biasCorrection2: inputs['schedule/biasCorrection2']!,
    beta1: settings.beta1,
    beta2: settings.beta2,
    weightDecay: settings.weightDecay,
    epsilon: ADAM_EPSILON,
  });
  const average = group.options.ema
    ? emaUpdate(group.read('ema', state), next.parameters, inputs['schedule/emaDecay']!)
    : {};
  return {
    state: {
      ...group.write('value', next.parameters),
      ...group.write('moment1', next.moments1),
      ...group.write('moment2', next.moments2),
      ...group.write('ema', average),
    },
    gradientNorm: clipped.norm,
  };
}

function scheduleInputs(schedule: UpdateSchedule, settings: OptimizerSettings): HostTensors {
  const corrections = biasCorrections(schedule.update, settings.beta1, settings.beta2);
  return {
    'schedule/learningRate': scalar(schedule.learningRate),
    'schedule/biasCorrection1': scalar(corrections.biasCorrection1),
    'schedule/biasCorrection2': scalar(corrections.biasCorrection2),
    'schedule/emaDecay': scalar(schedule.emaDecay),
  };
}
