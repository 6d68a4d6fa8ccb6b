import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { HostTensor, HostTensors, StepFunction } from '@ar-distill/program';
import type { Graph } from '../src/ir/types';
import { type LoweringOptions, type OnnxProgram, toOnnx } from '../src/lower/to-onnx';
import { trace, type TraceSpec } from '../src/trace/trace';

/** What a program reads and returns, by key. */
export interface ProgramValues {
  readonly state: HostTensors;
  readonly inputs: HostTensors;
}
export interface ProgramResults {
  readonly state: HostTensors;
  readonly outputs: HostTensors;
}

export interface CompileOptions extends Partial<LoweringOptions> {
  readonly threads?: number;
  /** Sees the graph before it is lowered. */
  readonly onGraph?: (graph: Graph) => void;
}

/** An ONNX Runtime session of a program: the compiler's output without the engine around it. */
export class ProgramSession {
  private constructor(
    readonly program: OnnxProgram,
    private readonly session: InferenceSession,
  ) {}

  static async open(program: OnnxProgram, threads = 1): Promise<ProgramSession> {
    const session = await InferenceSession.create(program.model, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      externalData: program.externalData ?? [],
    });
    return new ProgramSession(program, session);
  }

  /** Traces, lowers for the CPU and loads `fn`. */
  static compile(
    fn: StepFunction,
    spec: TraceSpec,
    { threads, onGraph, ...options }: CompileOptions = {},
  ): Promise<ProgramSession> {
    const graph = trace('test', fn, spec);
    onGraph?.(graph);
    return ProgramSession.open(toOnnx(graph, { provider: 'cpu', ...options }), threads);
  }

  async run({ state, inputs }: ProgramValues): Promise<ProgramResults> {
    const feeds: Record<string, Tensor> = {};
    for (const { name, source } of this.program.feeds) {
      const value = (source.kind === 'state' ? state : inputs)[source.key];
      if (!value) throw new Error(`The program reads the ${source.kind} "${source.key}".`);
      feeds[name] =
        value.dtype === 'float32'
          ? new Tensor('float32', value.data, value.shape)
          : new Tensor('int32', value.data, value.shape);
    }
    const fetched = await this.session.run(feeds);
    const results = { state: { ...state }, outputs: {} as HostTensors };
    for (const { name, target } of this.program.fetches) {
      const kind = target.kind === 'state' ? 'state' : 'outputs';
      results[kind][target.key] = fromTensor(fetched[name]);
    }
    return results;
  }

  async close(): Promise<void> {
    await this.session.release();
  }
}

/** One run of a freshly compiled function. */
export async function runOnce(
  fn: StepFunction,
  spec: TraceSpec,
  values: ProgramValues,
  options: CompileOptions = {},
): Promise<ProgramResults> {
  const session = await ProgramSession.compile(fn, spec, options);
  try {
    return await session.run(values);
  } finally {
    await session.close();
  }
}

function fromTensor(value: InferenceSession.OnnxValueMapType[string] | undefined): HostTensor {
  if (!(value instanceof Tensor)) throw new Error('The session returned no tensor.');
  const { data, dims: shape } = value;
  if (data instanceof Float32Array) return { shape, dtype: 'float32', data };
  if (data instanceof Int32Array) return { shape, dtype: 'int32', data };
  throw new Error(`The session returned a tensor of type ${value.type}.`);
}
