import { createHash } from 'node:crypto';
import type {
  ExportedProgram,
  ExportedSteps,
  HostTensors,
  StepProgram,
  TensorSpec,
} from '@ar-distill/program';
import { type Feed, type Fetch, toStandardStep } from '../lower/to-onnx';
import { encodeModel, type OnnxGraph, type OnnxTensor } from '../onnx/model';
import { trace } from '../trace/trace';

/** Programs as models in standard operators, whose constants lie in one file that they share. */
export function exportedSteps(
  programs: readonly StepProgram[],
  state: Readonly<Record<string, TensorSpec>>,
): ExportedSteps {
  const weights = new SharedWeights();
  const models = programs.map((program) => {
    const own = Object.fromEntries((program.state ?? []).map((name) => [name, state[name]!]));
    const { name, fn, constants = {}, inputs } = program;
    const traced = toStandardStep(trace(name, fn, { state: own, constants, inputs }));
    weights.add(constants, traced.graph.initializers);
    return { graph: traced.graph, described: described(program, own, traced) };
  });
  return {
    programs: models.map(({ described: one }) => one),
    weights: weights.tensors,
    encode: (location, start) =>
      models.map(({ graph }) =>
        encodeModel(weights.outside(graph, location, start), { standardOperators: true }),
      ),
  };
}

function described(
  { name, inputs }: StepProgram,
  state: Readonly<Record<string, TensorSpec>>,
  { feeds, fetches }: { readonly feeds: readonly Feed[]; readonly fetches: readonly Fetch[] },
): ExportedProgram {
  return {
    name,
    inputs,
    state,
    reads: feeds.map((feed) => feed.name),
    writes: Object.fromEntries(fetches.map((fetch) => [fetch.name, fetch.spec])),
  };
}

/** Constants of programs as they lie in a file: one after the other, and once where programs share them. */
class SharedWeights {
  readonly tensors: HostTensors = {};
  /** Where bytes of some content begin. */
  private readonly offsets = new Map<string, number>();
  private readonly contents = new Contents();
  private size = 0;

  /** Takes in the constants that are read; other initializers were made while the program was traced. */
  add(constants: Readonly<HostTensors>, initializers: readonly OnnxTensor[]): void {
    const names = new Map(
      Object.entries(constants).map(([name, { data }]) => [this.contents.of(data), name]),
    );
    for (const { bytes } of initializers) {
      const content = this.contents.of(bytes);
      const name = names.get(content);
      if (name === undefined || this.offsets.has(content)) continue;
      this.offsets.set(content, this.size);
      this.size += bytes.length;
      this.tensors[this.freeName(name)] = constants[name]!;
    }
  }

  /** The graph with those of its initializers that are constants in the file. */
  outside(graph: OnnxGraph, location: string, start: number): OnnxGraph {
    return {
      ...graph,
      initializers: graph.initializers.map((initializer) => {
        const offset = this.offsets.get(this.contents.of(initializer.bytes));
        return offset === undefined
          ? initializer
          : { ...initializer, location, offset: start + offset };
      }),
    };
  }

  /** Programs may have other constants under one name. */
  private freeName(name: string): string {
    let free = name;
    for (let i = 2; Object.hasOwn(this.tensors, free); i++) free = `${name}.${i}`;
    return free;
  }
}

/** Names for the content of arrays; each array is read once, however many programs it is in. */
class Contents {
  private readonly known = new WeakMap<ArrayBufferLike, Map<string, string>>();

  of({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
    const place = `${byteOffset}/${byteLength}`;
    const ofBuffer = this.known.get(buffer) ?? new Map<string, string>();
    this.known.set(buffer, ofBuffer);
    let content = ofBuffer.get(place);
    if (content === undefined) {
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      content = createHash('sha256').update(bytes).digest('hex');
      ofBuffer.set(place, content);
    }
    return content;
  }
}
