import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '@ar-distill/workspace';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as varPlugin } from '@ar-distill/plugin-var';

// What the quality of a distillation is measured with and against. Figures of before mean nothing beside
// figures of after a change here: a better teacher or a kinder metric is no better distillation.
it.each([
  [
    'var/assets/mnist/tokenizer',
    '65fdbd88fab304b44a7aa57748a4748043e4d829a77d4141f35ca6c316557ed4',
  ],
  ['var/assets/mnist/teacher', 'b8d3751a189b67cba203e942e7a9489483a0744856afb6d7581ccd41c18924dc'],
  [
    'llamagen/assets/mnist/tokenizer',
    '60372982a0129975f4845fb4c08f6daa128fad6dd4ab2befd36d0a714bbe8ec9',
  ],
  [
    'llamagen/assets/mnist/teacher',
    '5621b57b764833b9d58379c6673521f6f3acef85a298daf58de7f6127a3ddf8f',
  ],
  ['mnist/assets/classifier', '5263a4ccba0032a84955c5a143a85b4ebdbd02e06170e4d180cdba4afe7c5605'],
  [
    'mnist/assets/test-statistics',
    'ddf28f768d44b4931e9ce91c39a579c21000b64cf33a4c4e0973815146b6a177',
  ],
])('%s is what quality has been measured with since the first report', (name, sha256) => {
  const file = join(ROOT, 'plugins', `${name}.safetensors`);
  expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(sha256);
});

it('teachers draw as they did in the first report', () => {
  const plain = { topK: 0, topP: 1, temperature: 1 };
  const presets = { ...varPlugin.presets, ...llamagen.presets };
  expect(presets['mnist-var']!.teacherSampling).toEqual({ guidanceScale: 0.35, ...plain });
  expect(presets['mnist-llamagen']!.teacherSampling).toEqual({ guidanceScale: 1.3, ...plain });
  for (const name of ['mnist-var', 'mnist-llamagen']) {
    expect(presets[name]!.evaluation).toMatchObject({ featureNetwork: 'mnist-classifier' });
  }
});
