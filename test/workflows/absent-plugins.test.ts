import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { distill, evaluate, sample, type WorkflowEvent } from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';
import { TINY_SETTINGS } from './tiny-models';

const root = mkdtempSync(path.join(tmpdir(), 'absent-'));
/** Without the plugin of the data set and of the feature network that its presets name. */
const container = pluginContainer(varPlugin);
const MINUTES = 300_000;
const MISSING =
  'The feature network "mnist-classifier" is not installed: install the plugin that brings it to get figures.';

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

it(
  'distils and samples, and says before it starts that its report has pictures only',
  async () => {
    const events: WorkflowEvent[] = [];
    const { report, weights } = await distill(
      container,
      { preset: 'mnist-var', settings: TINY_SETTINGS, out: root },
      { onEvent: (event) => events.push(event) },
    );
    const [first, ready, begun] = events;
    expect(first).toEqual({
      kind: 'message',
      text: `The report will have pictures but no figures: ${MISSING}`,
    });
    expect([ready?.kind, begun?.kind]).toEqual(['ready', 'run']);
    if (report?.kind !== 'pictures') throw new Error('There is nothing to measure with.');
    expect(report.rows.map(({ values }) => values)).toEqual([undefined, undefined]);
    const text = readFileSync(report.file, 'utf8');
    const pictures = [...text.matchAll(/!\[.*?\]\((.*?)\)/g)].map(([, file]) => file!);
    expect(pictures).toHaveLength(2);
    for (const file of pictures) {
      expect(existsSync(path.join(path.dirname(report.file), file))).toBe(true);
    }
    const { images } = await sample(container, { preset: 'mnist-var', weights, count: 3 });
    expect(images.shape).toEqual([3, 32, 32, 1]);
  },
  MINUTES,
);

it('does not evaluate, and says why', async () => {
  await expect(evaluate(container, { preset: 'mnist-var' })).rejects.toThrow(
    MISSING.replace(/\.$/, '; sample them to look at them.'),
  );
});
