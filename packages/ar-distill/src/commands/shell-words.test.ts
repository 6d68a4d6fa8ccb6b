import { execFileSync } from 'node:child_process';
import { shellLine } from './shell-words';

const WORDS = [
  'ar-distill',
  '/runs/00001-a',
  'a b',
  "it's",
  '"quoted"',
  '$HOME',
  '`id`',
  'a\nb',
  '*',
  '',
  '~',
  '\\',
  '#x',
  'ünïcode',
];

(process.platform === 'win32' ? it.skip : it)('a shell reads the words as they were', () => {
  const script = `printf '%s\\0' ${shellLine(WORDS, 'linux')}`;
  const read = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0');
  expect(read.slice(0, -1)).toEqual(WORDS);
});

it('plain words stay as they are', () => {
  expect(shellLine(['distill', '--resume', '/a/b_c-1.x'], 'linux')).toBe(
    'distill --resume /a/b_c-1.x',
  );
  expect(shellLine(['--resume', 'C:\\my runs\\1'], 'win32')).toBe('--resume "C:\\my runs\\1"');
});
