import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { runRefused as run, workingFolder } from './in-process';

const folder = workingFolder();

/** Lines of a config with a key and no comment above it; groups explain themselves by their keys. */
function unexplained(text: string): string[] {
  const lines = text.split('\n');
  return lines.filter((line, i) => {
    const isKey = /^ *(?:- )?\w+:/.test(line) && !/^(?:settings|adaptation):/.test(line);
    return isKey && !/^ *(?:- )?#/.test(lines[i - 1]!) && !line.includes('- ');
  });
}

it.each(['mnist-var', 'mnist-llamagen', 'var-d16'])(
  'writes a config of %s that says what every key means and distils the same',
  async (preset) => {
    const file = `${preset}.yaml`;
    const { code, stdout, stderr } = await run(['init', '--preset', preset, '--out', file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`Config file: ${file}\nNext: ar-distill distill --config ${file}\n`);
    const text = readFileSync(file, 'utf8');
    expect(unexplained(text)).toEqual([]);
    expect(text).toContain('  # Teacher sequences drawn once and reused by stage 1\n');
    expect(text).toMatch(/^# {3}threads: threads of the engine/m);
    const print = ['distill', '--print-config'];
    const printed = await run([...print, '--preset', preset]);
    expect(parse(text)).toEqual(parse(printed.stdout));
    expect((await run([...print, '--config', file])).stdout).toBe(printed.stdout);
  },
);

it('makes the folders of its file, and says what is in their way', async () => {
  expect((await run(['init', '--out', 'new/er/a.yaml'])).code).toBe(0);
  expect(parse(readFileSync('new/er/a.yaml', 'utf8'))).toMatchObject({ preset: 'var:mnist-var' });
  const { code, stderr } = await run(['init', '--out', 'new/er/a.yaml/b.yaml']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Error: "\/.*a\.yaml" is there already: /);
});

it('writes nothing over a file that is there, and leaves none behind', async () => {
  expect((await run(['init'])).code).toBe(0);
  const before = readFileSync('distill.yaml', 'utf8');
  const files = folder.files();
  const { code, stderr } = await run(['init', '--preset', 'var-d16']);
  expect(code).toBe(2);
  expect(stderr).toBe(
    'Error: "distill.yaml" is there already: name a new file with --out, or move it away.\n',
  );
  expect(readFileSync('distill.yaml', 'utf8')).toBe(before);
  expect(folder.files()).toEqual(files);
});
