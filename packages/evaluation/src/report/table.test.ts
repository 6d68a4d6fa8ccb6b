import { markdownOf, textOf, type Table } from './table';

const TABLE: Table = {
  columns: [{ title: 'file' }, { title: 'parameters', align: 'right' }, { title: 'kind' }],
  rows: [
    ['var_d16.pth', '310.3M', 'teacher'],
    ['a|b.pth', '9', ''],
  ],
};

describe('markdownOf', () => {
  it('aligns figures and escapes what would end a cell', () => {
    expect(markdownOf(TABLE)).toBe(
      [
        '| file        | parameters | kind    |',
        '| ----------- | ---------: | ------- |',
        '| var_d16.pth |     310.3M | teacher |',
        '| a\\|b.pth    |          9 |         |',
      ].join('\n'),
    );
  });
});

describe('textOf', () => {
  it('aligns columns under a rule, without spaces at the ends of lines', () => {
    expect(textOf(TABLE)).toBe(
      [
        'file         parameters  kind',
        '───────────  ──────────  ───────',
        'var_d16.pth      310.3M  teacher',
        'a|b.pth               9',
      ].join('\n'),
    );
  });

  it('counts columns of the screen, not characters', () => {
    const lines = textOf({
      columns: [{ title: 'name' }, { title: 'n', align: 'right' }],
      rows: [
        ['模型', '1'],
        ['four', '2'],
      ],
    }).split('\n');
    expect(lines.slice(2)).toEqual(['模型  1', 'four  2']);
  });

  it('draws headings alone', () => {
    expect(textOf({ columns: [{ title: 'a' }, { title: 'bc' }], rows: [] })).toMatch(/^a {2}bc/);
  });

  it('has no colours, whatever the terminal', () => {
    expect(textOf(TABLE)).not.toMatch(/\u001b/);
  });
});
