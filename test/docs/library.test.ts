import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '@ar-distill/workspace';
import { libraryExamples } from './library-examples';

const CODE = libraryExamples();

/** Public methods and accessors of a class, as the report of the package's exports has them. */
function membersOf(name: string): string[] {
  const report = readFileSync(join(ROOT, 'packages/ar-distill/etc/index.api.md'), 'utf8');
  const [, body = ''] =
    new RegExp(`^export class ${name}(?: extends \\w+)? \\{$([\\s\\S]*?)^\\}$`, 'm').exec(report) ??
    [];
  return [...body.matchAll(/^ {4}(?:static |get )?(\w+)\(/gm)]
    .map(([, member = '']) => member)
    .filter((member) => member !== 'constructor');
}

it.each([
  'ImageGenerator',
  'ImageDrawer',
  'TeacherDrawer',
  'ImageBatcher',
  'GeneratedImages',
  'GeneratedImage',
])('has an example of all that %s can', (name) => {
  const members = membersOf(name);
  expect(members).not.toEqual([]);
  expect(members.filter((member) => !CODE.includes(`.${member}`))).toEqual([]);
});
