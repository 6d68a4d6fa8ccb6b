import { bannedPackages, checkRooms, type Rooms } from './rooms';
import { roomsTable } from './rooms-table';

const ROOMS: Rooms = {
  packages: {
    low: { sentence: 'numbers', mayImport: [], portable: true },
    high: { sentence: 'everything else', mayImport: ['low'] },
  },
  plugins: { sentence: 'more', mayImport: ['low'] },
  reserved: { lib: ['high'] },
};

describe('checkRooms', () => {
  it('takes packages that import what stands above them', () => {
    expect(() => checkRooms(ROOMS)).not.toThrow();
  });

  it.each([
    ['itself', { low: { sentence: '', mayImport: ['low'] } }],
    [
      'one below',
      { low: { sentence: '', mayImport: ['high'] }, ...{ high: ROOMS.packages['high']! } },
    ],
    ['none', { low: { sentence: '', mayImport: ['middle'] } }],
  ])('refuses a package that imports %s', (_what, packages) => {
    const rooms = { packages, plugins: { sentence: '', mayImport: [] }, reserved: {} };
    expect(() => checkRooms(rooms)).toThrow(/^The row "low" of rooms.json names "\w+"/);
  });

  it('refuses an owner that is no package', () => {
    expect(() => checkRooms({ ...ROOMS, reserved: { lib: ['gone'] } })).toThrow('"gone"');
  });
});

it('bannedPackages are those that others own', () => {
  expect(bannedPackages(ROOMS, 'low')).toEqual(['lib']);
  expect(bannedPackages(ROOMS, 'high')).toEqual([]);
  expect(bannedPackages(ROOMS, undefined)).toEqual(['lib']);
});

it('roomsTable lays out one row per package', () => {
  expect(roomsTable(ROOMS).split('\n')).toEqual([
    '| folder          | what it holds                                | may import                   |',
    '| --------------- | -------------------------------------------- | ---------------------------- |',
    '| `packages/low`  | numbers                                      | nothing internal; no `node:` |',
    '| `packages/high` | everything else                              | `low`                        |',
    '| `plugins/*`     | more                                         | `low`                        |',
    '| `tools/*`       | what builds, checks and measures the project | anything                     |',
    '',
    'Only `high` may import `lib`.',
  ]);
});
