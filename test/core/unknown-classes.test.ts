import { ofClasses } from '@ar-distill/core';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import type { StepCompiler } from '@ar-distill/program';
import { hashRng } from './hash-rng';

/** Compiles nothing: what is refused must be refused before a program runs. */
const idle: StepCompiler = {
  createStore: async () => ({
    specs: {},
    read: async () => ({}),
    write: async () => undefined,
    dispose: async () => undefined,
  }),
  compile: async () => ({
    run: () => Promise.reject(new Error('A program was run.')),
    dispose: async () => undefined,
  }),
};

describe.each([
  ['mnist-var', varPlugin],
  ['mnist-llamagen', llamagen],
])('the teacher of %s', (name, plugin) => {
  const { architecture, teacherSampling } = plugin.presets![name]!;
  const [backbone] = plugin.backbones!;
  const teacher = backbone!.createTeacher(architecture, teacherSampling);

  it.each([-1, 10, 11, -(2 ** 31), 2 ** 31 - 1])('knows no class %i', async (label) => {
    const sampler = await teacher.createSampler(idle, {}, 2);
    await expect(sampler.sample(ofClasses(Int32Array.of(3, label)), hashRng(0), 0)).rejects.toThrow(
      `There is no class ${label}: give classes from 0 to 9.`,
    );
  });
});
