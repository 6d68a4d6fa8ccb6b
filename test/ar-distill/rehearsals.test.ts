import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { runRefused as run, workingFolder } from './in-process';

const ASSETS = join(__dirname, '../../plugins/var/assets/mnist');
const TEACHER = join(ASSETS, 'teacher.safetensors');

const folder = workingFolder(() => writeFileSync('scales.json', '{"patchNums":[1,2,3,4]}'));
const GIVEN = ['scales.json'];

it.each([
  ['distill --preset toy-joint --dry-run', ['runs/NNNNN-toy-joint']],
  ['distill --preset toy-joint --name mine --out made --dry-run', ['made/NNNNN-mine']],
  ['sample --count 3 --npz three.npz --dry-run', ['samples.png', 'three.npz']],
  [`import ${TEACHER} --config scales.json --out model --dry-run`, ['model']],
])('"%s" says what it would write, and writes nothing', async (command, writes) => {
  const { code, stdout, stderr } = await run(command.split(' '));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const would = [...stdout.matchAll(/^Would write: (.*)$/gm)].map(([, file]) => file);
  expect(would).toEqual(writes);
  expect(folder.files()).toEqual(GIVEN);
});

it('says so to programs, with the settings', async () => {
  const { stdout } = await run('distill --preset toy-joint --seed 7 --dry-run --json'.split(' '));
  expect(JSON.parse(stdout)).toMatchObject({
    writes: ['runs/NNNNN-toy-joint'],
    config: { preset: 'toy:toy-joint', settings: { seed: 7 } },
  });
});

it.each([
  ['sample --out picture.jpg --dry-run', 'give it a name that ends with ".png"'],
  ['distill --preset toy-joint --teacher a --dry-run', 'has no weights: leave --teacher out.'],
  ['import nowhere.pt --dry-run', 'There is no file or folder "nowhere.pt"'],
  ['sample --dry-run --print-config', '--dry-run and --print-config both start nothing'],
  ['plugins --dry-run', 'There is no option "--dry-run"'],
])('"%s" is refused as it would be without', async (command, words) => {
  const { code, stdout, stderr } = await run(command.split(' '));
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(words);
  expect(folder.files()).toEqual(GIVEN);
});

it('prints the settings of an adaptation as a config file that gives them again', async () => {
  const command = 'adapt --preset mnist-llamagen --samples 500 --set heldOut=77 --print-config';
  const { code, stdout } = await run(command.split(' '));
  expect(code).toBe(0);
  expect(parse(stdout)).toMatchObject({
    preset: 'llamagen:mnist-llamagen',
    samples: 500,
    settings: { heldOut: 77 },
  });
  writeFileSync('again.yaml', stdout);
  const again = await run(['adapt', '--config', 'again.yaml', '--print-config']);
  expect(again.stdout).toBe(stdout);
});

it('prints the options of "sample" with its defaults', async () => {
  const { stdout } = await run(['sample', '--classes', '3,8', '--print-config']);
  expect(parse(stdout)).toEqual({ classes: [3, 8], count: 100, seed: 0, out: 'samples.png' });
});
