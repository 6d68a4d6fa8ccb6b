import { namingFile } from './naming-file';

const refused = (syscall: string, path?: string): Error =>
  Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall, path });

it.each([
  ['a write, which names none', refused('write'), 'file'],
  ['what was opened under another name', refused('open', '.file.tmp'), 'file'],
  ['what lies in a folder of another name', refused('mkdir', '.file.tmp/a/b'), 'file'],
  ['another file', refused('open', 'weights'), 'weights'],
  ['what is read meanwhile', refused('read'), undefined],
])('names the file that is meant by %s', (_what, error, path) => {
  const named = namingFile(error, 'file', '.file.tmp');
  expect(named).toBe(error);
  expect(named).toMatchObject({ code: 'ENOSPC', path });
});

it.each([new Error('other'), 'text', null])('leaves %p as it is', (error) => {
  expect(namingFile(error, 'file')).toBe(error);
  expect(error instanceof Error && 'path' in error).toBe(false);
});
