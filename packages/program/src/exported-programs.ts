import { sliceIteration, stackIterations } from './iterations';
import {
  callSpecs,
  checkInputs,
  checkStateValues,
  iterationsOf,
  sameSpec,
  specsOf,
  stateSpec,
  stateSpecs,
} from './step-checks';
import type { CompiledStep, StateStore, StepCompiler } from './step-compiler';
import type { ProgramSignature } from './step-program';
import { copyTensors, type HostTensors, type TensorSpec } from './tensors';

/**
 * A program that was exported as a model. The model's inputs are called `input/NAME` and `state/NAME`, its
 * outputs `output/NAME` and, where they replace state, `next/NAME`.
 */
export interface ExportedProgram {
  readonly name: string;
  /** What a call takes, and the state that the program names; a model need not read all of it. */
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly state: Readonly<Record<string, TensorSpec>>;
  /** What the model really reads, and what comes out of it, by the names that it has there. */
  readonly reads: readonly string[];
  readonly writes: Readonly<Record<string, TensorSpec>>;
}

/** Names in the models before those of the program. */
const INPUT = 'input/';
const STATE = 'state/';
const OUTPUT = 'output/';
const NEXT = 'next/';

/** Compiles nothing but programs that were exported; functions and constants are not looked at. */
export interface ExportedPrograms extends StepCompiler {
  /** @throws Error when no such program was exported, or the store is another compiler's. */
  compile(program: ProgramSignature, store?: StateStore): Promise<CompiledStep>;
}

/**
 * A compiler of programs that were exported, which are found by name, inputs and state. State is kept in host memory.
 * @param open opens a program's model, which is run by the names that its inputs and outputs have.
 */
export function exportedPrograms<T extends ExportedProgram>(
  programs: readonly T[],
  open: (program: T) => Promise<CompiledStep>,
): ExportedPrograms {
  return {
    createStore: async (values) => new MemoryStore(values),
    compile: async (program, store) => {
      if (store && !(store instanceof MemoryStore)) {
        throw new Error(
          `The store given to the program "${program.name}" is another compiler's: create it with this one.`,
        );
      }
      const state = stateSpecs(program, store);
      const found = programs.find(
        (one) =>
          one.name === program.name &&
          sameSpecs(one.inputs, program.inputs) &&
          sameSpecs(one.state, state),
      );
      if (!found) {
        const known = programs.map(({ name }) => `"${name}"`).join(', ');
        throw new Error(
          `No program "${program.name}" with these inputs and this state was exported: there are ${known || 'none'}.`,
        );
      }
      return new ExportedStep(program, found.reads, await open(found), store);
    },
  };
}

class ExportedStep implements CompiledStep {
  private readonly specs: Readonly<Record<string, TensorSpec>>;

  constructor(
    private readonly program: ProgramSignature,
    private readonly reads: readonly string[],
    private readonly model: CompiledStep,
    private readonly store = new MemoryStore({}),
  ) {
    this.specs = callSpecs(program);
  }

  async run(inputs: Readonly<HostTensors>): Promise<HostTensors> {
    checkInputs(this.program.name, this.specs, inputs);
    // The caller may change its arrays while the call waits for those before it.
    const own = copyTensors(inputs);
    return this.store.inOrder(async (state) => {
      const iterations = iterationsOf(this.program);
      if (iterations === 1) return this.step(state, own);
      const steps: HostTensors[] = [];
      for (let i = 0; i < iterations; i++) {
        steps.push(await this.step(state, sliceIteration(own, i)));
      }
      return stackIterations(steps);
    });
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }

  private async step(state: HostTensors, inputs: HostTensors): Promise<HostTensors> {
    const given = { ...prefixed(INPUT, inputs), ...prefixed(STATE, state) };
    const results = await this.model.run(
      Object.fromEntries(this.reads.map((name) => [name, given[name]!])),
    );
    Object.assign(state, withPrefix(NEXT, results));
    return withPrefix(OUTPUT, results);
  }
}

class MemoryStore implements StateStore {
  readonly specs: Readonly<Record<string, TensorSpec>>;
  private values: HostTensors | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(values: Readonly<HostTensors>) {
    this.specs = specsOf(values);
    this.values = copyTensors(values);
  }

  /** Runs the task after those before it, on the live values. */
  inOrder<R>(task: (values: HostTensors) => Promise<R>): Promise<R> {
    const own = this.last.then(() => {
      if (!this.values) throw new Error('The state store has been disposed.');
      return task(this.values);
    });
    this.last = own.catch(() => undefined);
    return own;
  }

  async read(names: readonly string[] = Object.keys(this.specs)): Promise<HostTensors> {
    for (const name of names) stateSpec(this.specs, name);
    return this.inOrder(async (values) =>
      copyTensors(Object.fromEntries(names.map((name) => [name, values[name]!]))),
    );
  }

  async write(values: Readonly<HostTensors>): Promise<void> {
    checkStateValues(this.specs, values);
    const own = copyTensors(values);
    await this.inOrder(async (live) => {
      Object.assign(live, own);
    });
  }

  async dispose(): Promise<void> {
    await this.last;
    this.values = undefined;
  }
}

function prefixed(prefix: string, values: Readonly<HostTensors>): HostTensors {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

/** The values whose names begin with the prefix, without it. */
function withPrefix(prefix: string, values: Readonly<HostTensors>): HostTensors {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

function sameSpecs(
  a: Readonly<Record<string, TensorSpec>>,
  b: Readonly<Record<string, TensorSpec>>,
): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => {
      const [own, other] = [a[name]!, b[name]];
      return other !== undefined && sameSpec(own, other);
    })
  );
}
