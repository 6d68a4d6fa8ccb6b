import { readRooms, type Room, type Rooms } from './rooms';

const START = '<!-- rooms: written by npm run rooms from tools/workspace/rooms.json -->';
const END = '<!-- end of rooms -->';

/** The table of packages in Markdown, as prettier would lay it out, and who owns which npm package. */
export function roomsTable(rooms: Rooms): string {
  const row = (folder: string, room: Room) => [
    `\`${folder}\``,
    room.sentence,
    [
      room.mayImport.length > 0 ? codes(room.mayImport) : 'nothing internal',
      ...(room.portable ? ['no `node:`'] : []),
    ].join('; '),
  ];
  const lines = [
    ['folder', 'what it holds', 'may import'],
    ...Object.entries(rooms.packages).map(([folder, room]) => row(`packages/${folder}`, room)),
    row('plugins/*', rooms.plugins),
    ['`tools/*`', 'what builds, checks and measures the project', 'anything'],
  ];
  const owners = Object.entries(rooms.reserved).map(
    ([name, folders]) => `Only ${codes(folders)} may import \`${name}\`.`,
  );
  return [...aligned(lines), '', owners.join(' ')].join('\n');
}

const codes = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

function aligned([head = [], ...body]: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((cells) => cells[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)];
}

/**
 * `page` with the table of `tools/workspace/rooms.json` between its two marks.
 *
 * @throws Error when the page has no marks.
 */
export function withRoomsTable(page: string): string {
  const start = page.indexOf(START);
  const end = page.indexOf(END, start);
  if (start < 0 || end < 0) {
    throw new Error(`CONTRIBUTING.md has no "${START}" followed by "${END}": put both back.`);
  }
  return `${page.slice(0, start)}${START}\n\n${roomsTable(readRooms())}\n\n${page.slice(end)}`;
}
