/** What a process runs on, as far as the build minds. */
export interface Platform {
  readonly system: string;
  readonly processor: string;
  /** Version of the GNU C library; `undefined` for another C library. */
  readonly glibc: string | undefined;
}

/** TensorFlow's wheels for Linux are linked against this one. */
const NEEDED_GLIBC = [2, 27] as const;

/** The platform of this process. */
export function thisPlatform(): Platform {
  return { system: process.platform, processor: process.arch, glibc: glibcVersion() };
}

/** @throws Error when TensorFlow is not built on such a machine. */
export function checkPlatform({ system, processor, glibc }: Platform): void {
  const [major = 0, minor = 0] = (glibc ?? '').split('.').map(Number);
  const [neededMajor, neededMinor] = NEEDED_GLIBC;
  const recent = major > neededMajor || (major === neededMajor && minor >= neededMinor);
  if (system === 'linux' && processor === 'x64' && recent) return;
  const library = system !== 'linux' ? '' : glibc ? ` with glibc ${glibc}` : ' without glibc';
  throw new Error(
    `TensorFlow is built on Linux x64 with glibc ${NEEDED_GLIBC.join('.')} or newer, not on ${system} ${processor}${library}: use the backend onnxruntime, which needs nothing more.`,
  );
}

function glibcVersion(): string | undefined {
  const report: unknown = process.report.getReport();
  if (typeof report !== 'object' || report === null || !('header' in report)) return undefined;
  const { header } = report;
  if (typeof header !== 'object' || header === null) return undefined;
  const version = 'glibcVersionRuntime' in header ? header.glibcVersionRuntime : undefined;
  return typeof version === 'string' ? version : undefined;
}
