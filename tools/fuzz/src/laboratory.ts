import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BACKBONES, PRESETS, PROGRESS, RNG_FACTORY, TypedContainer } from '@ar-distill/di';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { createRng } from '@ar-distill/program';
import { importCheckpoints, openWeights } from '@ar-distill/workflows';
import { DIRECTORY_KINDS, FILE_KINDS, KINDS } from './kinds';
import { Random } from './random';
import { loadSeeds, type Seed } from './seeds';

/** Everything but `accepted` and `refused` is a defect. */
export type Outcome =
  'accepted' | 'refused' | 'unclear sentence' | 'left behind' | 'executed' | 'accepted damage';

export interface CaseResult {
  readonly kind: string;
  readonly seed: string;
  readonly outcome: Outcome;
  readonly message: string;
  /** Of processor time: other work on the machine is not in it. */
  readonly milliseconds: number;
}

const PLUGINS = [varPlugin, llamagen];
const ALL_BACKBONES = PLUGINS.flatMap(({ backbones = [] }) => backbones);
const CONTAINER = createImporter();
/** How messages of broken programs read. */
const UNCLEAR =
  /cannot (read|destructure|convert)|is not (a function|iterable|defined|an object)|\bundefined\b|invalid (array|string|typed)|call stack|out of memory|\[object|allocation|reduce of empty/i;
const MAX_LENGTH = 900;

/** A folder in which mutants are imported, and everything around it watched. */
export class Laboratory {
  private constructor(
    private readonly root: string,
    private readonly seeds: readonly Seed[],
    /** SHA-256 of the shard that an intact seed gives, by the seed's number. */
    private readonly intact: readonly string[],
  ) {}

  static async open(): Promise<Laboratory> {
    const root = await mkdtemp(path.join(tmpdir(), 'ar-distill-fuzz-'));
    const seeds = await loadSeeds();
    const intact: string[] = [];
    for (const [i, seed] of seeds.entries()) {
      const folder = path.join(root, 'intact', String(i));
      mkdirSync(path.join(root, 'seeds', String(i)), { recursive: true });
      const file = path.join(root, 'seeds', String(i), seed.name);
      writeFileSync(file, seed.bytes);
      writeFileSync(path.join(path.dirname(file), 'config.json'), JSON.stringify(seed.config));
      await importFile(file, folder);
      intact.push(shardSum(folder));
    }
    return new Laboratory(root, seeds, intact);
  }

  /** Runs case `number` of the run with that seed; the same numbers give the same case. */
  async run(runSeed: number, number: number): Promise<CaseResult> {
    const random = new Random(runSeed * 1_000_003 + number);
    const kind = KINDS[number % KINDS.length]!;
    const started = process.cpuUsage();
    const done = (seed: string, outcome: Outcome, message: string): CaseResult => ({
      kind,
      seed,
      outcome,
      message,
      milliseconds: processorTime(started),
    });
    const index = random.below(this.seeds.length);
    const { name } = this.seeds[index]!;
    const work = path.join(this.root, 'a', 'b', 'work');
    mkdirSync(path.join(work, 'input'), { recursive: true });
    const canary = path.join(work, 'canary');
    try {
      const { accepted, message, damaged } =
        kind in FILE_KINDS
          ? await this.#importMutant(kind, index, random, work, canary)
          : await this.#loadMutant(kind, index, random, work);
      if (existsSync(canary)) return done(name, 'executed', message);
      const strays = this.#strays(work);
      if (strays.length > 0) return done(name, 'left behind', strays.join(', '));
      if (damaged) return done(name, 'accepted damage', message);
      if (accepted) return done(name, 'accepted', message);
      return done(name, isClear(message) ? 'refused' : 'unclear sentence', message);
    } finally {
      rmSync(path.join(this.root, 'a'), { recursive: true, force: true });
    }
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  async #importMutant(
    kind: string,
    index: number,
    random: Random,
    work: string,
    canary: string,
  ): Promise<Trial> {
    const mutant = FILE_KINDS[kind]!(this.seeds[index]!, random, canary);
    const file = path.join(work, 'input', mutant.fileName);
    writeFileSync(file, mutant.bytes);
    writeFileSync(path.join(work, 'input', 'config.json'), mutant.config);
    const out = path.join(work, 'out', 'model');
    try {
      await importFile(file, out);
      const damaged = mutant.damaged === true && shardSum(out) !== this.intact[index];
      return { accepted: true, message: '', damaged };
    } catch (error) {
      return { accepted: false, message: messageOf(error), damaged: false };
    } finally {
      if (existsSync(out)) rmSync(path.join(work, 'out'), { recursive: true, force: true });
    }
  }

  async #loadMutant(kind: string, index: number, random: Random, work: string): Promise<Trial> {
    const folder = path.join(work, 'input', 'model');
    cpSync(path.join(this.root, 'intact', String(index)), folder, { recursive: true });
    DIRECTORY_KINDS[kind]!(folder, random);
    const wanted = random.pick(['teacher', 'tokenizer', 'generator'] as const);
    try {
      const source = await openWeights(random.pick(ALL_BACKBONES), wanted, folder);
      try {
        await source.tensors.read(Object.keys(source.tensors.specs));
      } finally {
        await source.close();
      }
      return { accepted: true, message: '', damaged: false };
    } catch (error) {
      return { accepted: false, message: messageOf(error), damaged: false };
    }
  }

  /** What lies around the input after a case. */
  #strays(work: string): string[] {
    const known = new Set(['a', 'intact', 'seeds'].map((name) => path.join(this.root, name)));
    const inside = readdirSync(work).filter((name) => name !== 'input');
    const around = [this.root, path.join(this.root, 'a'), path.join(this.root, 'a', 'b')].flatMap(
      (folder) => readdirSync(folder).map((name) => path.join(folder, name)),
    );
    const expected = new Set([...known, path.join(this.root, 'a', 'b'), work]);
    return [...inside, ...around.filter((entry) => !expected.has(entry))];
  }
}

interface Trial {
  readonly accepted: boolean;
  readonly message: string;
  readonly damaged: boolean;
}

async function importFile(file: string, out: string): Promise<void> {
  await importCheckpoints(CONTAINER, { files: [file], out });
}

/** Holds what an import takes from a container. */
function createImporter(): TypedContainer {
  const container = new TypedContainer();
  for (const { name: plugin, backbones = [], presets = {} } of PLUGINS) {
    for (const value of backbones) {
      container.registerValue(BACKBONES, { name: value.name, plugin, value });
    }
    for (const [name, value] of Object.entries(presets)) {
      container.registerValue(PRESETS, { name, plugin, value });
    }
  }
  container.registerValue(PROGRESS, { update: () => undefined, message: () => undefined });
  container.registerValue(RNG_FACTORY, createRng);
  return container;
}

function shardSum(folder: string): string {
  const shard = path.join(folder, 'model-00001-of-00001.safetensors');
  return createHash('sha256').update(readFileSync(shard)).digest('hex');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** One sentence for a user: one line, of bounded length, ended, and not that of a broken program. */
function isClear(message: string): boolean {
  // The path of the file may be as long as the file system allows.
  return (
    /^[^\n\r]+[^.][.?…]$/.test(message) &&
    message.replace(/^"[^"]*"/, '').length <= MAX_LENGTH &&
    !UNCLEAR.test(message)
  );
}

/** Milliseconds that this process has worked since. */
function processorTime(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
