import { tmpdir } from 'node:os';
import { DATASETS, FEATURE_NETWORKS } from '@ar-distill/di';
import { createContainer } from 'ar-distill';

it('finds the plugins that come with the package, whatever the project', async () => {
  const container = createContainer({ cwd: tmpdir() });
  expect(container.resolveAll(DATASETS).map(({ name }) => name)).toContain('mnist');
  expect(container.resolveAll(FEATURE_NETWORKS).map(({ name }) => name)).toContain(
    'mnist-classifier',
  );
  await container.dispose();
});
