import { renderMarkdown } from './page-markdown';

it('has text, tables, commands and the pictures that lie in files', () => {
  const png = Uint8Array.of(1);
  const table = {
    columns: [{ title: 'a_b' }, { title: 'n', align: 'right' }],
    rows: [['x|y', '1']],
  };
  const page = renderMarkdown({
    title: 'Weights <of> steps',
    summary: [{ kind: 'text', text: 'onestep* and # more' }],
    sections: [
      {
        heading: 'one',
        blocks: [
          { kind: 'table', table },
          { kind: 'chart', svg: '<svg/>' },
          {
            kind: 'pictures',
            pictures: [
              { title: 'here', png, file: 'results/a.png' },
              { title: 'inside', png },
            ],
          },
          { kind: 'command', text: 'ar-distill study' },
        ],
      },
    ],
  } as Parameters<typeof renderMarkdown>[0]);
  expect(page.split('\n\n')).toEqual([
    '# Weights \\<of\\> steps',
    'onestep\\* and \\# more',
    '## one',
    '| a\\_b |  n |\n| ---- | -: |\n| x\\|y |  1 |',
    'here:',
    '![here](results/a.png)',
    '```sh\nar-distill study\n```\n',
  ]);
});
