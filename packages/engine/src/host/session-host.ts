import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyTensors, type HostTensors } from '@ar-distill/program';
import type { ProgramProfile } from './engine-contract';
import type { Host, HostArgs, HostMethod, HostOptions, HostResult, LoadedProgram } from './host';
import { entry, LoadedSession, replaceState } from './loaded-session';
import { returnFreedMemory } from './freed-memory';
import { readProfile } from './profile';
import { releaseBuffer } from './release-buffer';
import { sessionOptions } from './session-options';

interface Session {
  readonly session: LoadedSession;
  readonly profilePrefix?: string | undefined;
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
      replaceState(this.store(store), values);
    },
    disposeStore: async ({ store }) => {
      for (const { data } of Object.values(this.stores.get(store) ?? {})) releaseBuffer(data);
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

  private async load(program: LoadedProgram): Promise<number> {
    const id = this.nextId++;
    let profilePrefix: string | undefined;
    if (this.options.profile) {
      this.profileFolder ??= await mkdtemp(join(tmpdir(), 'ar-distill-profile-'));
      profilePrefix = join(this.profileFolder, `program-${id}`);
    }
    // Only where states are large: small steps are faster when malloc keeps their arrays.
    if (program.updates) await returnFreedMemory();
    const session = await LoadedSession.open(program, {
      main: sessionOptions(this.options, { profilePrefix, lean: program.updates !== undefined }),
      updates: sessionOptions({ ...this.options, profile: false }, { spinning: false }),
    });
    this.sessions.set(id, { session, profilePrefix });
    return id;
  }

  private async run(program: number, inputs: HostTensors): Promise<HostTensors> {
    const loaded = this.sessions.get(program);
    if (!loaded) throw new Error('The compiled step has been disposed.');
    const { session } = loaded;
    return session.run(session.store === undefined ? {} : this.store(session.store), inputs);
  }

  private async profile(): Promise<readonly ProgramProfile[]> {
    if (!this.options.profile) throw new Error('The engine was created without profile: true.');
    const profiles: ProgramProfile[] = [];
    for (const { session, profilePrefix } of this.sessions.values()) {
      if (!profilePrefix) continue;
      session.endProfiling();
      profiles.push({ program: session.name, operators: await readProfile(profilePrefix) });
    }
    return profiles;
  }

  private store(id: number): HostTensors {
    const values = this.stores.get(id);
    if (!values) throw new Error('The state store has been disposed.');
    return values;
  }
}
