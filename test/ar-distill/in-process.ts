import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as workflows from '@ar-distill/workflows';
import type { WorkflowOptions } from '@ar-distill/workflows';
import type { CliEnvironment, Workflows } from '../../packages/ar-distill/src/commands/environment';
import { runCli } from '../../packages/ar-distill/src/commands/program';
import { createContainer } from '../../packages/ar-distill/src/container';

const WORKSPACE = join(__dirname, '../..');

/** What a command wrote, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A working folder for the tests of a file: commands run in it, in this process, with the plugins of
 * the workspace.
 * @param make writes what is in it.
 */
export function workingFolder(make: () => void = () => undefined): { files(): string[] } {
  const before = process.cwd();
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ar-distill-messages-'));
    process.chdir(folder);
    // What the user of this machine has built is none of a test's business.
    process.env['AR_DISTILL_TENSORFLOW'] = join(folder, 'tensorflow');
    make();
  });
  afterAll(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });
  return { files: () => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort() };
}

/** The workflows, each stopped as soon as it tells of anything: what is refused never gets that far. */
const STOPPED: Workflows = {
  adapt: (container, options, run) => workflows.adapt(container, options, stopping(run)),
  distill: (container, options, run) => workflows.distill(container, options, stopping(run)),
  evaluate: (container, options, run) => workflows.evaluate(container, options, stopping(run)),
  exportModel: (container, options, run) =>
    workflows.exportModel(container, options, stopping(run)),
  planDistillation: (container, options, run) =>
    workflows.planDistillation(container, options, stopping(run)),
  planStudy: (container, options, run) => workflows.planStudy(container, options, stopping(run)),
  study: (container, options, run) => workflows.study(container, options, stopping(run)),
  importCheckpoints: workflows.importCheckpoints,
  measureSpeed: (container, options, run) =>
    workflows.measureSpeed(container, options, stopping(run)),
  sample: (container, options, run) => workflows.sample(container, options, stopping(run)),
  trainFeatures: (container, options, run) =>
    workflows.trainFeatures(container, options, stopping(run)),
  trainTeacher: (container, options, run) =>
    workflows.trainTeacher(container, options, stopping(run)),
  trainTokenizer: (container, options, run) =>
    workflows.trainTokenizer(container, options, stopping(run)),
};

function stopping(run: WorkflowOptions = {}): WorkflowOptions {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onEvent: (event) => {
      controller.abort();
      run.onEvent?.(event);
    },
  };
}

/** What commands get; everything but where they write is real. */
export function environment(out: { stdout: string; stderr: string }): CliEnvironment {
  return {
    cwd: process.cwd(),
    variables: {},
    stdout: { write: (text) => (out.stdout += text) },
    stderr: { write: (text) => (out.stderr += text) },
    workflows: STOPPED,
    createContainer: ({ pluginFolders = [], ...options }) =>
      createContainer({ ...options, pluginFolders: [WORKSPACE, ...pluginFolders] }),
  };
}

/** Runs a command that is to be refused. */
export async function runRefused(args: readonly string[]): Promise<Ended> {
  const out = { stdout: '', stderr: '' };
  const code = await runCli(args, environment(out));
  return { code, ...out };
}

/** Words of libraries, of the language and of the system, which say nothing to a user. */
const RAW =
  /\bE[A-Z]{4,}\b|zod|invalid_|to be [<>]|Operands|got 'null'|tfjs|ensor[Ff]low\.js|ONNX Runtime|shared library|Cannot read|undefined|\[object|NaN|cannot be compiled|manifold of|AR_DISTILL_DEBUG|AbortError/;

/** What is wrong with how a command was refused; nothing when it is one sentence about the mistake. */
export function problemsOf(ended: Ended, subjects: readonly string[]): string[] {
  const { code, stdout, stderr } = ended;
  return [
    ...(code === 1 || code === 2 ? [] : [`exit code ${code}`]),
    ...(stdout === '' ? [] : [`writes ${stdout}`]),
    ...(/^Error: [^\n]*[^.?\n][.?]\n$/.test(stderr) ? [] : ['is not one sentence']),
    ...(/[.?!] ["“]?\p{Lu}/u.test(stderr) ? ['has more than one sentence'] : []),
    ...(RAW.test(stderr) ? [`says ${RAW.exec(stderr)?.[0]}`] : []),
    ...(subjects.some((subject) => stderr.includes(subject)) ? [] : ['does not name it']),
  ];
}
