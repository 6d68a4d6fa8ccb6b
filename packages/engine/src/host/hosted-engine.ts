import {
  callSpecs,
  checkInputs,
  checkStateValues,
  type CompiledStep,
  copyTensors,
  type HostTensor,
  type HostTensors,
  iterationsOf,
  specsOf,
  stateSpec,
  stateSpecs,
  type StateStore,
  type StepProgram,
  type TensorSpec,
} from '@ar-distill/program';
import { type LoweredProgram, lowerProgram } from '../lower/lower-program';
import type { OnnxProgram } from '../lower/to-onnx';
import { trace } from '../trace/trace';
import { ownedBuffers, sharedBytes } from './arrays';
import type { Engine, ProgramProfile } from './engine-contract';
import type { Host, HostOptions } from './host';

/**
 * Traces programs in the calling thread and leaves everything else to a host of sessions. Arrays
 * that go to the host are copied once, so the caller keeps its own.
 */
export class HostedEngine implements Engine {
  constructor(
    private readonly host: Host,
    private readonly provider: HostOptions['provider'],
  ) {}

  async createStore(values: Readonly<HostTensors>): Promise<StateStore> {
    const specs = specsOf(values);
    const own = copyTensors(values);
    const id = await this.host.call('createStore', { values: own }, ownedBuffers(own));
    return new HostedStore(this.host, id, specs);
  }

  async compile(program: StepProgram, store?: StateStore): Promise<CompiledStep> {
    const own = this.ownStore(program, store);
    const graph = trace(program.name, program.fn, {
      state: stateSpecs(program, own),
      constants: program.constants ?? {},
      inputs: program.inputs,
    });
    const lowered = lowerProgram(graph, {
      provider: this.provider,
      iterations: iterationsOf(program),
      // Frozen weights beside the model: not copied into it, and not limited to its 2 GiB.
      externalConstants: true,
    });
    const models = [lowered.main, ...(lowered.updates?.programs ?? [])];
    const id = await this.host.call(
      'load',
      {
        main: withSharedConstants(lowered.main),
        ...(lowered.updates ? { updates: lowered.updates } : {}),
        name: program.name,
        store: own?.id,
      },
      models.flatMap(({ model: { buffer, byteLength } }) =>
        buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [],
      ),
    );
    const read = new Set(inputKeys(lowered));
    return new HostedStep(this.host, id, program.name, callSpecs(program), read);
  }

  profile(): Promise<readonly ProgramProfile[]> {
    return this.host.call('profile', {});
  }

  dispose(): Promise<void> {
    return this.host.dispose();
  }

  private ownStore(program: StepProgram, store: StateStore | undefined): HostedStore | undefined {
    if (store === undefined) return undefined;
    if (store instanceof HostedStore && store.host === this.host) return store;
    throw new Error(
      `The store given to the program "${program.name}" is another engine's: create it with this one.`,
    );
  }
}

/** Large constants in memory that the host's thread sees too, so that they are not copied on the way. */
function withSharedConstants({ externalData, ...program }: OnnxProgram): OnnxProgram {
  if (!externalData) return program;
  return {
    ...program,
    externalData: externalData.map(({ path, data }) => ({ path, data: sharedBytes(data) })),
  };
}

/** Inputs that the lowered program really reads. */
function inputKeys({ main, updates }: LoweredProgram): string[] {
  const sources = [
    ...main.feeds.map(({ source }) => source),
    ...(updates?.calls ?? []).flatMap((call) => call.sources),
  ];
  return sources.filter(({ kind }) => kind === 'input').map(({ key }) => key);
}

class HostedStore implements StateStore {
  constructor(
    readonly host: Host,
    readonly id: number,
    readonly specs: Readonly<Record<string, TensorSpec>>,
  ) {}

  async read(names: readonly string[] = Object.keys(this.specs)): Promise<HostTensors> {
    for (const name of names) stateSpec(this.specs, name);
    return this.host.call('readStore', { store: this.id, names });
  }

  async write(values: Readonly<HostTensors>): Promise<void> {
    checkStateValues(this.specs, values);
    const own = copyTensors(values);
    await this.host.call('writeStore', { store: this.id, values: own }, ownedBuffers(own));
  }

  async dispose(): Promise<void> {
    await this.host.call('disposeStore', { store: this.id });
  }
}

class HostedStep implements CompiledStep {
  constructor(
    private readonly host: Host,
    private readonly id: number,
    private readonly name: string,
    private readonly specs: Readonly<Record<string, TensorSpec>>,
    /** Inputs that the compiled program really reads. */
    private readonly read: ReadonlySet<string>,
  ) {}

  async run(inputs: Readonly<HostTensors>): Promise<Record<string, HostTensor>> {
    checkInputs(this.name, this.specs, inputs);
    const own = copyTensors(
      Object.fromEntries(Object.entries(inputs).filter(([name]) => this.read.has(name))),
    );
    return this.host.call('run', { program: this.id, inputs: own }, ownedBuffers(own));
  }

  async dispose(): Promise<void> {
    await this.host.call('unload', { program: this.id });
  }
}
