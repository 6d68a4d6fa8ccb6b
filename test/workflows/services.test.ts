import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  ENGINE,
  ENGINE_BACKENDS,
  PROGRESS,
  RNG_FACTORY,
  RUN_DIRECTORIES,
  STEP_COMPILER,
} from '@ar-distill/di';
import type { ProgressUpdate } from '@ar-distill/core';
import { createRng, type StepCompiler } from '@ar-distill/program';
import { distill, type WorkflowEvent } from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';
import { TINY_SETTINGS, tinyImagePlugin } from './tiny-models';
import { eventsOf } from './watching';

const root = mkdtempSync(path.join(tmpdir(), 'services-'));
const MINUTES = 300_000;
afterAll(() => rmSync(root, { recursive: true, force: true }));

it(
  'takes every service from the container, where another one may stand',
  async () => {
    const container = pluginContainer(await tinyImagePlugin(root));
    const directories = container.resolve(RUN_DIRECTORIES);
    const backend = container.resolveAll(ENGINE_BACKENDS)[0]!;
    const used = { seeds: [] as number[], runs: [] as string[], engines: 0 };
    const compiled: string[] = [];
    const shown: ProgressUpdate[] = [];
    container.registerValue(RNG_FACTORY, (seed) => {
      used.seeds.push(seed);
      return createRng(seed);
    });
    container.registerValue(RUN_DIRECTORIES, {
      ...directories,
      create: new Proxy(directories.create, {
        apply: (create, self, given: [root: string, slug: string]) => {
          used.runs.push(given[1]);
          return Reflect.apply(create, self, given);
        },
      }),
    });
    container.registerValue(ENGINE_BACKENDS, {
      name: backend.name,
      create: (options) => {
        used.engines++;
        return backend.create(options);
      },
    });
    const compiler: StepCompiler = {
      createStore: (values) => container.resolve(ENGINE).createStore(values),
      compile: (program, store) => {
        compiled.push(program.name);
        return container.resolve(ENGINE).compile(program, store);
      },
    };
    container.registerValue(STEP_COMPILER, compiler);
    container.registerValue(PROGRESS, {
      update: (update) => shown.push(update),
      message: () => undefined,
    });
    const events: WorkflowEvent[] = [];
    await distill(
      container,
      { preset: 'pixels', settings: { ...TINY_SETTINGS, seed: 7 }, out: root },
      { onEvent: (event) => events.push(event) },
    );
    await container.dispose();
    expect(used.engines).toBe(1);
    expect(used.seeds).toContain(7);
    expect(used.runs).toEqual(['pixels']);
    expect(compiled).toContain('one-step generator');
    expect(shown.length).toBeGreaterThan(0);
    const told = shown.map((update) => ({ kind: 'progress', ...update }));
    expect(eventsOf(events, 'progress')).toEqual(told);
  },
  MINUTES,
);
