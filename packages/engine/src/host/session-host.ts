import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { HostTensor, HostTensors, TensorSpec } from '../ir/types';
import { copyTensors } from './arrays';
import type { Host, HostArgs, HostMethod, HostOptions, HostResult, LoadedProgram } from './host';
import { readProfile } from './profile';
import type { ProgramProfile } from './program';
import { sessionOptions } from './session-options';

interface Session extends Omit<LoadedProgram, 'model' | 'externalData'> {
  readonly session: InferenceSession;
  readonly profilePrefix?: string;
}

type Handlers = {
  readonly [M in HostMethod]: (args: HostArgs<M>) => Promise<HostResult<M>>;
};

/** Runs ONNX Runtime sessions in the thread that it lives in. */
export class SessionHost implements Host {
  private readonly stores = new Map<number, HostTensors>();
  private readonly sessions = new Map<number, Session>();
  private nextId = 1;
  private last: Promise<unknown> = Promise.resolve();
  private profileFolder: string | undefined;
  private disposal: Promise<void> | undefined;

  constructor(private readonly options: HostOptions) {}

  async call<M extends HostMethod>(method: M, args: HostArgs<M>): Promise<HostResult<M>> {
    if (this.disposal) throw new Error('The engine has been disposed.');
    return this.enqueue(() => this.handlers[method](args));
  }

  dispose(): Promise<void> {
    this.disposal ??= this.enqueue(async () => {
      const sessions = [...this.sessions.values()];
      this.sessions.clear();
      this.stores.clear();
      for (const { session } of sessions) await session.release();
      if (this.profileFolder) await rm(this.profileFolder, { recursive: true, force: true });
    });
    return this.disposal;
  }

  private enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.last.then(task);
    this.last = result.catch(() => undefined);
    return result;
  }

  private readonly handlers: Handlers = {
    createStore: async ({ values }) => {
      const id = this.nextId++;
      this.stores.set(id, values);
      return id;
    },
    readStore: async ({ store, names }) => {
      const values = this.store(store);
      return copyTensors(Object.fromEntries(names.map((name) => [name, entry(values, name)])));
    },
    writeStore: async ({ store, values }) => {
      Object.assign(this.store(store), values);
    },
    disposeStore: async ({ store }) => {
      this.stores.delete(store);
    },
    load: (program) => this.load(program),
    run: ({ program, inputs }) => this.run(program, inputs),
    unload: async ({ program }) => {
      const loaded = this.sessions.get(program);
      this.sessions.delete(program);
      await loaded?.session.release();
    },
    profile: () => this.profile(),
  };

  private async load({ model, externalData = [], ...program }: LoadedProgram): Promise<number> {
    const id = this.nextId++;
    let profilePrefix: string | undefined;
    if (this.options.profile) {
      this.profileFolder ??= await mkdtemp(join(tmpdir(), 'ar-distill-profile-'));
      profilePrefix = join(this.profileFolder, `program-${id}`);
    }
    try {
      const options = sessionOptions(this.options, profilePrefix);
      const session = await InferenceSession.create(model, {
        ...options,
        externalData: [...externalData],
      });
      this.sessions.set(id, { ...program, session, profilePrefix });
    } catch (error) {
      throw failure(`The program "${program.name}" cannot be loaded`, error);
    }
    return id;
  }

  private async run(program: number, inputs: HostTensors): Promise<HostTensors> {
    const loaded = this.sessions.get(program);
    if (!loaded) throw new Error('The compiled step has been disposed.');
    const { name, session, feeds, fetches } = loaded;
    const state = loaded.store === undefined ? {} : this.store(loaded.store);
    const tensors: Record<string, Tensor> = {};
    for (const { name: feed, source } of feeds) {
      tensors[feed] = toTensor(entry(source.kind === 'state' ? state : inputs, source.key));
    }
    let results: InferenceSession.OnnxValueMapType;
    try {
      results = await session.run(tensors);
    } catch (error) {
      throw failure(`The program "${name}" failed`, error);
    }
    const outputs: HostTensors = {};
    for (const { name: fetch, target, spec } of fetches) {
      const result = fromTensor(
        results[fetch],
        spec,
        `${target.kind} "${target.key}" of "${name}"`,
      );
      (target.kind === 'state' ? state : outputs)[target.key] = result;
    }
    return outputs;
  }

  private async profile(): Promise<readonly ProgramProfile[]> {
    if (!this.options.profile) throw new Error('The engine was created without profile: true.');
    const profiles: ProgramProfile[] = [];
    for (const { name, session, profilePrefix } of this.sessions.values()) {
      if (!profilePrefix) continue;
      session.endProfiling();
      profiles.push({ program: name, operators: await readProfile(profilePrefix) });
    }
    return profiles;
  }

  private store(id: number): HostTensors {
    const values = this.stores.get(id);
    if (!values) throw new Error('The state store has been disposed.');
    return values;
  }
}

function entry(values: HostTensors, name: string): HostTensor {
  const value = values[name];
  if (!value) throw new Error(`The host has no value "${name}".`);
  return value;
}

function toTensor({ dtype, data, shape }: HostTensor): Tensor {
  return dtype === 'float32'
    ? new Tensor('float32', data, shape)
    : new Tensor('int32', data, shape);
}

function fromTensor(
  value: InferenceSession.OnnxValueMapType[string] | undefined,
  { shape, dtype }: TensorSpec,
  name: string,
): HostTensor {
  const data = value instanceof Tensor ? value.data : undefined;
  if (dtype === 'float32' && data instanceof Float32Array) return { shape, dtype, data };
  if (dtype === 'int32' && data instanceof Int32Array) return { shape, dtype, data };
  throw new Error(`ONNX Runtime returned no ${dtype} array for the ${name}.`);
}

function failure(what: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${what} in ONNX Runtime: ${reason}`, { cause });
}
