import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tree } from '@ar-distill/workflows';
import { UsageError } from '../errors';
import { resolveOptions } from './resolve-options';
import { distillSchema, sampleSchema, teacherSchema } from './schemas';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ar-distill-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

/** Options of `distill` from a config file's text and flags. */
function distillOptions(yaml: string, flags: Tree = {}): unknown {
  writeFileSync(join(cwd, 'a.yaml'), yaml);
  return resolveOptions(distillSchema, { config: 'a.yaml', ...flags }, cwd);
}

describe('resolveOptions', () => {
  it('puts the flags over the file, at every depth, and adds no defaults', () => {
    const yaml = `
preset: mnist-var
samples: 500
settings:
  emaDecay: 0.9
  stepWeights: [3, 1]
  tuning: { batchSize: 16, headIterations: 7 }
`;
    const flags = { samples: 9, settings: { tuning: { batchSize: 32 }, stepWeights: [1, 3] } };
    expect(distillOptions(yaml, flags)).toEqual({
      preset: 'mnist-var',
      samples: 9,
      settings: {
        emaDecay: 0.9,
        stepWeights: [1, 3],
        tuning: { batchSize: 32, headIterations: 7 },
      },
    });
  });

  it('takes an empty file and no file', () => {
    expect(distillOptions('# nothing\n')).toEqual({});
    expect(resolveOptions(sampleSchema, { count: 3 }, cwd)).toEqual({ count: 3 });
  });

  it.each([
    ['thread: 2', '"thread" in a.yaml is not a known key: did you mean "threads"?'],
    ['settings: many', '"settings" in a.yaml is wrong: expected an object.'],
    ['samples: big', '"samples" in a.yaml is wrong: expected a number, not "big".'],
    [
      'provider: cudo',
      '"provider" in a.yaml is wrong: expected "cpu", "cuda" or "webgpu", not "cudo": did you mean "cuda"?',
    ],
    ['- 1', 'The document in a.yaml is wrong: expected an object, not a list.'],
    ['threads: 0', '"threads" in a.yaml is wrong: expected a number above 0, not 0.'],
    [
      'name: a/b',
      '"name" in a.yaml is wrong: expected letters, digits, dots, hyphens or underscores.',
    ],
    ['a: *b', 'a.yaml is not valid YAML: aliases like *name are not read, write their values out.'],
    ['settings: &a { b: *a }', 'aliases like *name are not read'],
    ['['.repeat(30_000), 'a.yaml is not valid YAML: it is nested deeper than 64 levels.'],
    ['- '.repeat(30_000), 'it is nested deeper than 64 levels.'],
    ['# '.repeat(50_000), 'a.yaml is too large to be one'],
    ['a: [', 'The config file a.yaml is not valid YAML (line 1): '],
    ['threads: 0\nsamples: x', '(and 1 more)'],
  ])('explains what is wrong with %j', (yaml, sentence) => {
    expect(() => distillOptions(yaml)).toThrow(sentence);
  });

  it('lists the known keys when none is near', () => {
    expect(() => distillOptions('qqqqqqqq: 1')).toThrow(
      /not a known key: known keys are threads, .*architecture\.$/,
    );
  });

  it('finds a mistake in the file that a flag would hide', () => {
    expect(() => distillOptions('samples: many', { samples: 3 })).toThrow('"samples" in a.yaml');
  });

  it.each([
    ['no.yaml', 'because it is not there'],
    ['.', 'because it is no plain file'],
  ])('refuses %j as a config file without reading it', (config, reason) => {
    const refusal = (): unknown => resolveOptions(distillSchema, { config }, cwd);
    expect(refusal).toThrow(UsageError);
    expect(refusal).toThrow(`The config file ${config} cannot be read, ${reason}: name another.`);
  });

  it('does not wait for a pipe', () => {
    execFileSync('mkfifo', [join(cwd, 'pipe')]);
    expect(() => resolveOptions(distillSchema, { config: 'pipe' }, cwd)).toThrow(
      'because it is no plain file',
    );
  });

  it.each([
    [{ batchSize: 0 }, '--batch-size on the command line is wrong: '],
    [{ iteration: 1 }, '--iteration on the command line is not a known key: did you mean'],
    [{ beta3: 1 }, '--beta3 on the command line is not a known key'],
    [{ settings: [1] }, '--settings on the command line is wrong: expected an object.'],
  ])('blames the flag for %j', (flags, sentence) => {
    expect(() => resolveOptions(teacherSchema, flags, cwd)).toThrow(UsageError);
    expect(() => resolveOptions(teacherSchema, flags, cwd)).toThrow(sentence);
  });

  it('leaves settings to the workflow, which knows their schema', () => {
    const { settings } = distillOptions('settings: { __proto__: { a: 1 }, b: { c: 2 } }') as {
      settings: Tree;
    };
    expect(Object.keys(settings)).toEqual(['__proto__', 'b']);
  });

  it('does not take keys of Object.prototype for options', () => {
    expect(() => distillOptions('constructor: 1')).toThrow(
      '"constructor" in a.yaml is not a known',
    );
  });
});
