import { readSafetensors, writeSafetensors } from '@ar-distill/checkpoints';
import { float32 } from '@ar-distill/program';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandIn } from './run-command';

const folder = mkdtempSync(path.join(tmpdir(), 'ar-distill-tuned-weights-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const arDistill = commandIn(folder);
const TINY =
  '--no-report --iterations 1 --batch-size 8 --set teacherPoolSize=64 --set tuning.headIterations=1 ' +
  '--set tuning.fullIterations=1 --set tuning.batchSize=8';
const arrays = (run: string) => path.join(folder, run, 'arrays', 'tuning.safetensors');

beforeAll(async () => {
  const made = await arDistill(`distill --preset toy-joint --out made ${TINY}`);
  expect(made.stderr).not.toContain('Error: ');
  expect(made.status).toBe(0);
}, 180_000);

it('tuned weights start another run of their preset, which nobody has to name', async () => {
  const { status, stdout } = await arDistill(
    `distill --stage1 made/00000-toy-joint --out again ${TINY}`,
  );
  expect(status).toBe(0);
  expect(stdout).toContain('again/00000-toy-joint');
  expect(readFileSync(arrays('again/00000-toy-joint'))).toEqual(
    readFileSync(arrays('made/00000-toy-joint')),
  );
}, 180_000);

it('tuned weights come with a run that is resumed without its preset, with what a new version added', async () => {
  cpSync(path.join(folder, 'made'), path.join(folder, 'older'), { recursive: true });
  const file = path.join(folder, 'older/00000-toy-joint/config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  delete config.settings.weightDecay;
  writeFileSync(file, JSON.stringify(config));
  const { status, stderr } = await arDistill('distill --resume older/00000-toy-joint --no-report');
  expect(stderr).not.toContain('Error: ');
  expect(status).toBe(0);
}, 180_000);

it.each([
  [
    'a shape',
    (all: Record<string, ReturnType<typeof float32>>, name: string) =>
      (all[name] = float32([1], new Float32Array(1))),
  ],
  [
    'a missing name',
    (all: Record<string, ReturnType<typeof float32>>, name: string) => delete all[name],
  ],
  [
    'an unknown name',
    (all: Record<string, ReturnType<typeof float32>>) =>
      (all['x'] = float32([1], new Float32Array(1))),
  ],
])('tuned weights that do not fit the network by %s are refused', async (_how, change) => {
  cpSync(path.join(folder, 'made'), path.join(folder, 'other'), { recursive: true });
  const { tensors } = await readSafetensors(arrays('other/00000-toy-joint'));
  change(tensors as Record<string, ReturnType<typeof float32>>, Object.keys(tensors)[0]!);
  await writeSafetensors(arrays('other/00000-toy-joint'), tensors);
  const { status, stderr } = await arDistill(
    'distill --stage1 other/00000-toy-joint --out refused',
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^Error: "[^\n]*tuning\.safetensors" does not fit the network: its "[^\n]+\n$/,
  );
  expect(existsSync(path.join(folder, 'refused'))).toBe(false);
});

/** A copy of the run that tuned them with one bit of its arrays turned. */
function damaged(copy: string, name: string): string {
  cpSync(path.join(folder, 'made'), path.join(folder, copy), { recursive: true });
  const file = path.join(folder, copy, '00000-toy-joint/arrays', `${name}.safetensors`);
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  return path.relative(folder, file);
}

it.each(['tuning', 'teacher-pool'])(
  'tuned weights are refused when "%s" is damaged',
  async (name) => {
    const file = damaged(`damaged-${name}`, name);
    const { status, stderr } = await arDistill(
      `distill --stage1 damaged-${name}/00000-toy-joint --out refused ${TINY}`,
    );
    expect(stderr).toMatch(/^Error: [^\n]+\n$/);
    expect(stderr).toContain(`"${file}" is damaged, as its checksum shows`);
    expect(status).toBe(1);
    expect(existsSync(path.join(folder, 'refused'))).toBe(false);
  },
);

it('tuned weights that were not copied yet are taken from where they lie now, and no others', async () => {
  cpSync(path.join(folder, 'made'), path.join(folder, 'source'), { recursive: true });
  const begun = await arDistill(`distill --stage1 source/00000-toy-joint --out late ${TINY}`);
  expect(begun.status).toBe(0);
  const expected = readFileSync(arrays('late/00000-toy-joint'));
  rmSync(path.join(folder, 'late/00000-toy-joint/arrays'), { recursive: true });
  renameSync(path.join(folder, 'source'), path.join(folder, 'elsewhere'));
  const resume = 'distill --no-report --resume late/00000-toy-joint';
  const gone = await arDistill(resume);
  expect(gone.stderr).toBe(
    'Error: The run "source/00000-toy-joint" whose tuned weights are to be used is gone: put it back, or say with --stage1 where it lies now.\n',
  );
  const { tensors } = await readSafetensors(arrays('elsewhere/00000-toy-joint'));
  cpSync(path.join(folder, 'elsewhere'), path.join(folder, 'source'), { recursive: true });
  const [weights] = Object.values(tensors);
  weights!.data[0]! += 1;
  await writeSafetensors(arrays('source/00000-toy-joint'), tensors);
  const changed = await arDistill(resume);
  expect(changed.stderr).toMatch(/^Error: The tuned weights of "[^"]+" have changed since/);
  const moved = await arDistill(`${resume} --stage1 elsewhere/00000-toy-joint`);
  expect(moved.stderr).not.toContain('Error: ');
  expect(moved.status).toBe(0);
  expect(readFileSync(arrays('late/00000-toy-joint'))).toEqual(expected);
}, 180_000);

it('tuned weights of another teacher are refused', async () => {
  cpSync(path.join(folder, 'made'), path.join(folder, 'taught'), { recursive: true });
  const file = path.join(folder, 'taught/00000-toy-joint/config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  const teacher = { path: '/a/t.pth', sha256: '0'.repeat(64) };
  writeFileSync(file, JSON.stringify({ ...config, teacher }));
  const { status, stderr } = await arDistill(
    'distill --stage1 taught/00000-toy-joint --out refused',
  );
  expect(status).toBe(1);
  expect(stderr).toBe(
    'Error: Stage 1 of "taught/00000-toy-joint" was tuned with "/a/t.pth" as its teacher: ' +
      'give --teacher "/a/t.pth".\n',
  );
  expect(existsSync(path.join(folder, 'refused'))).toBe(false);
});
