import * as tf from '@tensorflow/tfjs';
import {
  callSpecs,
  checkInputs,
  checkStateValues,
  type CompiledStep,
  copyTensors,
  type HostTensor,
  type HostTensors,
  iterationsOf,
  sliceIteration,
  specsOf,
  stackIterations,
  stateSpec,
  stateSpecs,
  type StateStore,
  type StepProgram,
  type TensorSpec,
} from '@ar-distill/program';
import type { Engine, ProgramProfile } from '../host/engine-contract';
import { checkNextState } from './check-next-state';
import { toHostTensor, toTensors } from './tensors';
import { type EagerBackend, loadBackend } from './tfjs-backends';

/**
 * Runs programs op by op on a tfjs backend, in the calling thread: the reference that compiled
 * programs are compared with, and the way to TensorFlow's own kernels.
 */
export class EagerEngine implements Engine {
  private readonly stores = new Set<EagerStore>();
  private disposed = false;

  /**
   * @param threads of TensorFlow; its first engine in a process decides.
   * @throws Error when the backend is not installed.
   */
  constructor(
    private readonly backend: EagerBackend,
    threads?: number,
  ) {
    loadBackend(backend, threads);
  }

  async createStore(values: Readonly<HostTensors>): Promise<StateStore> {
    const specs = specsOf(values);
    const store = this.execute(
      () => new EagerStore(this, specs, keep(toTensors(copyTensors(values)))),
    );
    this.stores.add(store);
    return store;
  }

  async compile(program: StepProgram, store?: StateStore): Promise<CompiledStep> {
    if (store !== undefined && !(store instanceof EagerStore && store.engine === this)) {
      throw new Error(
        `The store given to the program "${program.name}" is another engine's: create it with this one.`,
      );
    }
    stateSpecs(program, store);
    return this.execute(
      () =>
        new EagerStep(this, program, store, keep(toTensors(copyTensors(program.constants ?? {})))),
    );
  }

  async profile(): Promise<readonly ProgramProfile[]> {
    throw new Error(`Programs on the ${this.backend} backend are not profiled: use onnxruntime.`);
  }

  async dispose(): Promise<void> {
    for (const store of this.stores) await store.dispose();
    this.disposed = true;
  }

  /** Runs synchronous tfjs code on the engine's backend and sets the previous one again. */
  execute<T>(action: () => T): T {
    if (this.disposed) throw new Error('The engine has been disposed.');
    const previous = tf.engine().backendName;
    tf.setBackend(this.backend);
    try {
      return action();
    } finally {
      if (previous) tf.setBackend(previous);
    }
  }

  forget(store: EagerStore): void {
    this.stores.delete(store);
  }
}

class EagerStore implements StateStore {
  private disposed = false;

  constructor(
    readonly engine: EagerEngine,
    readonly specs: Readonly<Record<string, TensorSpec>>,
    private readonly tensors: Record<string, tf.Tensor>,
  ) {}

  /** The live tensor of that name, which belongs to the store. */
  tensor(name: string): tf.Tensor {
    const tensor = this.tensors[name];
    if (this.disposed || !tensor) throw new Error('The state store has been disposed.');
    return tensor;
  }

  /** Takes the tensor over in place of the old one. */
  replace(name: string, tensor: tf.Tensor): void {
    this.tensor(name).dispose();
    this.tensors[name] = tf.keep(tensor);
  }

  async read(names: readonly string[] = Object.keys(this.specs)): Promise<HostTensors> {
    for (const name of names) stateSpec(this.specs, name);
    return this.engine.execute(() =>
      Object.fromEntries(names.map((name) => [name, toHostTensor(this.tensor(name))])),
    );
  }

  async write(values: Readonly<HostTensors>): Promise<void> {
    checkStateValues(this.specs, values);
    this.engine.execute(() => {
      for (const [name, tensor] of Object.entries(toTensors(copyTensors(values)))) {
        this.replace(name, tensor);
      }
    });
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    this.engine.forget(this);
    for (const tensor of Object.values(this.tensors)) tensor.dispose();
  }
}

class EagerStep implements CompiledStep {
  private readonly specs: Readonly<Record<string, TensorSpec>>;
  private disposed = false;

  constructor(
    private readonly engine: EagerEngine,
    private readonly program: StepProgram,
    private readonly store: EagerStore | undefined,
    private readonly constants: Record<string, tf.Tensor>,
  ) {
    this.specs = callSpecs(program);
  }

  async run(inputs: Readonly<HostTensors>): Promise<Record<string, HostTensor>> {
    if (this.disposed) throw new Error('The compiled step has been disposed.');
    checkInputs(this.program.name, this.specs, inputs);
    const iterations = iterationsOf(this.program);
    return this.engine.execute(() => {
      if (iterations === 1) return this.step(inputs);
      const outputs: HostTensors[] = [];
      for (let i = 0; i < iterations; i++) outputs.push(this.step(sliceIteration(inputs, i)));
      return stackIterations(outputs);
    });
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    for (const tensor of Object.values(this.constants)) tensor.dispose();
  }

  /** One step; the store keeps the new state. */
  private step(inputs: Readonly<HostTensors>): HostTensors {
    const { name, fn, state: reads = [] } = this.program;
    const engine = tf.engine();
    engine.startScope();
    try {
      const state = Object.fromEntries(
        reads.map((key) => [key, this.stored().tensor(key)] as const),
      );
      const result = fn({ state, constants: { ...this.constants }, inputs: toTensors(inputs) });
      const next = result.state ?? {};
      checkNextState(name, state, next);
      const outputs = Object.fromEntries(
        Object.entries(result.outputs).map(([key, tensor]) => [key, toHostTensor(tensor)]),
      );
      // Clones, because a new value may be an old one; all of them before any old one is freed.
      const replacements = Object.entries(next).map(
        ([key, tensor]) => [key, tf.keep(tensor.clone())] as const,
      );
      for (const [key, tensor] of replacements) this.stored().replace(key, tensor);
      return outputs;
    } finally {
      engine.endScope();
    }
  }

  private stored(): EagerStore {
    if (!this.store) throw new Error(`The program "${this.program.name}" has no store.`);
    return this.store;
  }
}

function keep(tensors: Record<string, tf.Tensor>): Record<string, tf.Tensor> {
  for (const tensor of Object.values(tensors)) tf.keep(tensor);
  return tensors;
}
