import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');
const folder = mkdtempSync(path.join(tmpdir(), 'ar-distill-mnist-llamagen-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command from its sources in the temporary folder. */
function arDistill(command: string) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      ...['-C', '@ar-distill/source', '-r', path.join(ROOT, 'tools/jest/register.js')],
      path.join(ROOT, 'packages/ar-distill/src/main.ts'),
      ...command.split(' '),
      ...['--threads', '1', '--plugins-dir', ROOT],
    ],
    { cwd: folder, encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

/** What went to stderr beside progress: the sentence of a failure. */
const SENTENCE = /^Error: [^\n]+\n$/;
const TINY =
  '--set sequences=512 --set heldOut=100 --set regression.iterations=300 --iterations 5 --samples 200';
const ADAPTED = path.join('runs', '00000-adapt-mnist-llamagen', 'teacher.safetensors');

it('samples with the weights that ship, in one step and with the teacher', () => {
  const oneStep = arDistill('sample --preset mnist-llamagen --count 4 --out one.png');
  expect(oneStep.status).toBe(0);
  expect(oneStep.stdout).toContain('Network evaluations per image: 1\n');
  expect(oneStep.stdout).toContain(path.join('llamagen', 'assets', 'mnist'));
  const teacher = arDistill('sample --preset mnist-llamagen --teacher --count 4 --out ar.png');
  expect(teacher.stdout).toContain('Network evaluations per image: 16\n');
  expect(existsSync(path.join(folder, 'ar.png'))).toBe(true);
}, 180_000);

it('adapts the teacher, says what it kept, and distils the result without adapting it again', () => {
  const adapted = arDistill(`adapt --preset mnist-llamagen ${TINY}`);
  expect(adapted.status).toBe(0);
  expect(adapted.stdout).toMatch(
    /Regression of the embedding table: relative squared error [\d.]+%/,
  );
  expect(adapted.stdout).toMatch(/nats per token: original \d\.\d+, after the regression \d\.\d+/);
  expect(adapted.stdout).toMatch(/^AR teacher +16 +[\d.]+ +9\d\.\d% /m);
  expect(adapted.stdout).toMatch(/^AR teacher, adapted to continuous input +16 +[\d.]+ +[\d.]+% /m);
  const report = path.join(folder, path.dirname(ADAPTED), 'adaptation.txt');
  expect(adapted.stdout).toContain(readFileSync(report, 'utf8'));

  const distilled = arDistill(
    `distill --preset mnist-llamagen --teacher ${ADAPTED} --quick --no-report --iterations 1 ` +
      '--set teacherPoolSize=256 --set tuning.headIterations=0 --set tuning.fullIterations=1',
  );
  expect(distilled.status).toBe(0);
  expect(distilled.stdout).not.toContain('Regression');
  expect(distilled.stderr).not.toContain('adaptation');
  expect(existsSync(path.join(folder, 'runs/00001-mnist-llamagen/generator.safetensors'))).toBe(
    true,
  );
}, 300_000);

it('adapts within a distillation, and not again when that is resumed', () => {
  const run = 'runs/00002-mnist-llamagen';
  const whole = arDistill(
    'distill --preset mnist-llamagen --quick --no-report --iterations 1 --set teacherPoolSize=256 ' +
      '--set tuning.headIterations=0 --set tuning.fullIterations=1',
  );
  expect(whole.status).toBe(0);
  expect(whole.stderr).toContain('adaptation-regression 1/');
  const weights = readFileSync(path.join(folder, run, 'generator.safetensors'));
  const resumed = arDistill(`distill --preset mnist-llamagen --resume ${run} --no-report`);
  expect(resumed.status).toBe(0);
  expect(resumed.stderr).not.toContain('adaptation');
  expect(readFileSync(path.join(folder, run, 'generator.safetensors')).equals(weights)).toBe(true);
}, 300_000);

it.each([
  ['adapt --preset mnist-var', /"var" read code vectors as they are/],
  [`adapt --preset mnist-llamagen --teacher ${ADAPTED}`, /reads code vectors already: distil it/],
  ['adapt --preset mnist-llamagen --resume runs/00001-mnist-llamagen', /a run of "distill", not/],
  [
    'adapt --preset mnist-llamagen --set heldOut=0',
    /"heldOut" of the adaptation on the command line is wrong/,
  ],
])(
  'ends %j with one sentence and no new run',
  (command, sentence) => {
    const { status, stderr } = arDistill(command);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(SENTENCE);
    expect(stderr).toMatch(sentence);
    expect(existsSync(path.join(folder, 'runs/00003-adapt-mnist-llamagen'))).toBe(false);
  },
  180_000,
);
