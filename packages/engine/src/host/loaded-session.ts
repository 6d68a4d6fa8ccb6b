import type { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  type HostTensor,
  type HostTensors,
  sliceIteration,
  stackIterations,
  type TensorSpec,
} from '@ar-distill/program';
import type { LoweredUpdates, UpdateSource } from '../lower/lower-program';
import { CUT_PREFIX } from '../lower/split-updates';
import type { OnnxProgram } from '../lower/to-onnx';
import type { LoadedProgram } from './host';
import { onnxRuntime } from './onnx-runtime';
import { releaseBuffer } from './release-buffer';

type Part = Omit<OnnxProgram, 'model' | 'externalData'> & { readonly session: InferenceSession };

/** How the sessions of a program are opened. */
export interface SessionChoices {
  readonly main: InferenceSession.SessionOptions;
  /** Of the short element-wise updates. */
  readonly updates: InferenceSession.SessionOptions;
}

/** The open sessions of one program. */
export class LoadedSession {
  /** The last update that reads a result of the main part, which is freed after it. */
  private readonly lastReader = new Map<string, number>();

  private constructor(
    readonly name: string,
    /** Number of the store that the program works on. */
    readonly store: number | undefined,
    private readonly main: Part,
    private readonly updates: readonly Part[],
    private readonly schedule: Pick<LoweredUpdates, 'calls' | 'iterations'> | undefined,
  ) {
    schedule?.calls.forEach(({ sources }, i) => {
      for (const { kind, key } of sources) if (kind === 'cut') this.lastReader.set(key, i);
    });
  }

  /** @throws Error when there is no ONNX Runtime, or naming the program when it refuses that. */
  static async open(program: LoadedProgram, choices: SessionChoices): Promise<LoadedSession> {
    const { name, store, main, updates } = program;
    // What goes wrong before a session has options of its own is thrown, too: no need to print it.
    onnxRuntime().env.logLevel = 'fatal';
    const opened: Part[] = [];
    try {
      for (const part of [main, ...(updates?.programs ?? [])]) {
        const { model, externalData = [], ...rest } = part;
        const options = part === main ? choices.main : choices.updates;
        const session = await onnxRuntime().InferenceSession.create(model, {
          ...options,
          externalData: [...externalData],
        });
        opened.push({ ...rest, session });
      }
    } catch (error) {
      for (const { session } of opened) await session.release();
      throw failure(`The program "${name}" cannot be loaded`, error);
    }
    return new LoadedSession(name, store, opened[0]!, opened.slice(1), updates);
  }

  /** Runs the program on its state, whose entries are replaced, and returns its outputs. */
  async run(state: HostTensors, inputs: HostTensors): Promise<HostTensors> {
    const { schedule } = this;
    if (!schedule) {
      const { outputs, next } = await this.runMain(state, inputs);
      replaceState(state, next);
      return outputs;
    }
    if (schedule.iterations === 1) return this.runSplit(state, inputs, schedule);
    const steps: HostTensors[] = [];
    for (let i = 0; i < schedule.iterations; i++) {
      steps.push(await this.runSplit(state, sliceIteration(inputs, i), schedule));
    }
    return stackIterations(steps);
  }

  /** Ends the profile of the main session; updates are not profiled. */
  endProfiling(): void {
    this.main.session.endProfiling();
  }

  async release(): Promise<void> {
    for (const { session } of [this.main, ...this.updates]) await session.release();
  }

  /** The main part, then the updates one by one, whose operands are freed as soon as possible. */
  private async runSplit(
    state: HostTensors,
    inputs: HostTensors,
    { calls }: Pick<LoweredUpdates, 'calls'>,
  ): Promise<HostTensors> {
    const { outputs, next } = await this.runMain(state, inputs);
    const cuts: HostTensors = {};
    for (const key of Object.keys(outputs)) {
      if (!key.startsWith(CUT_PREFIX)) continue;
      cuts[key] = outputs[key]!;
      delete outputs[key];
    }
    const from: Readonly<Record<UpdateSource['kind'], HostTensors>> = {
      state,
      input: inputs,
      cut: cuts,
    };
    for (const [i, { program, sources, targets }] of calls.entries()) {
      const part = this.updates[program]!;
      const results = await this.runPart(
        part,
        sources.map(({ kind, key }) => entry(from[kind], key)),
      );
      replaceState(state, Object.fromEntries(targets.map((key, at) => [key, results[at]!])));
      for (const { kind, key } of sources) {
        if (kind !== 'cut' || this.lastReader.get(key) !== i || !cuts[key]) continue;
        releaseBuffer(cuts[key].data);
        delete cuts[key];
      }
    }
    // The main part's own changes come last: updates read the state as it was.
    replaceState(state, next);
    return outputs;
  }

  private async runMain(
    state: HostTensors,
    inputs: HostTensors,
  ): Promise<{ readonly outputs: HostTensors; readonly next: HostTensors }> {
    const { feeds, fetches } = this.main;
    const results = await this.runPart(
      this.main,
      feeds.map(({ source }) => entry(source.kind === 'state' ? state : inputs, source.key)),
    );
    const outputs: HostTensors = {};
    const next: HostTensors = {};
    fetches.forEach(({ target }, i) => {
      (target.kind === 'state' ? next : outputs)[target.key] = results[i]!;
    });
    return { outputs, next };
  }

  /** Results in the order of the fetches. */
  private async runPart(part: Part, operands: readonly HostTensor[]): Promise<HostTensor[]> {
    const tensors: Record<string, Tensor> = {};
    part.feeds.forEach(({ name }, i) => (tensors[name] = toTensor(operands[i]!)));
    let results: InferenceSession.OnnxValueMapType;
    try {
      results = await part.session.run(tensors);
    } catch (error) {
      throw failure(`The program "${this.name}" failed`, error);
    }
    return part.fetches.map(({ name, target, spec }) =>
      fromTensor(results[name], spec, `${target.kind} "${target.key}" of "${this.name}"`),
    );
  }
}

/** The value of that name; throws when there is none. */
export function entry(values: HostTensors, name: string): HostTensor {
  const value = values[name];
  if (!value) throw new Error(`The host has no value "${name}".`);
  return value;
}

/** Puts new values in place of old ones, which nobody else has, and frees these. */
export function replaceState(state: HostTensors, next: Readonly<HostTensors>): void {
  for (const [key, value] of Object.entries(next)) {
    const old = state[key];
    state[key] = value;
    if (old) releaseBuffer(old.data);
  }
}

/** An array as ONNX Runtime takes it. */
export function toTensor({ dtype, data, shape }: HostTensor): Tensor {
  const { Tensor } = onnxRuntime();
  return dtype === 'float32'
    ? new Tensor('float32', data, shape)
    : new Tensor('int32', data, shape);
}

/** What ONNX Runtime gave, of the shape and type that are known or its own; throws when it is of another type. */
export function fromTensor(
  value: InferenceSession.OnnxValueMapType[string] | undefined,
  { shape, dtype }: Partial<TensorSpec>,
  name: string,
): HostTensor {
  const tensor = value instanceof onnxRuntime().Tensor ? value : undefined;
  const data = tensor?.data;
  const own = { shape: shape ?? tensor?.dims ?? [], dtype: dtype ?? tensor?.type };
  if (own.dtype === 'float32' && data instanceof Float32Array) {
    return { shape: own.shape, dtype: own.dtype, data };
  }
  if (own.dtype === 'int32' && data instanceof Int32Array) {
    return { shape: own.shape, dtype: own.dtype, data };
  }
  throw new Error(`ONNX Runtime returned no ${dtype ?? 'float32 or int32'} array for the ${name}.`);
}

/** An error of ONNX Runtime, with what failed by it as the start of the sentence. */
export function failure(what: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${what} in ONNX Runtime: ${reason}`, { cause });
}
