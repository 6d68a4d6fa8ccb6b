import { checkPlugin } from '@ar-distill/conformance';
import { createEngine } from '@ar-distill/engine';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as mnist } from '@ar-distill/plugin-mnist';
import { plugin as toy } from '@ar-distill/plugin-toy';
import { plugin as next } from '@ar-distill/plugin-var';
import { createRng } from '@ar-distill/program';
import { plugin as maskgit } from '../../examples/plugin-maskgit/src';

jest.setTimeout(600_000);

test.each([toy, mnist, next, llamagen, maskgit])(
  'the plugin "$name" keeps the contract',
  async (plugin) => {
    const engine = createEngine({ worker: false, threads: 1 });
    const results = await checkPlugin(plugin, { rng: createRng(0), compiler: engine });
    await engine.dispose();
    expect(results.filter(({ state }) => state === 'failed')).toEqual([]);
    expect(results.filter(({ detail }) => detail.includes('compiler'))).toEqual([]);
  },
);
