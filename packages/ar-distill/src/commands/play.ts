import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  PAGE_FOLDER,
  type ServedSite,
  serveSite,
  type SiteFiles,
  siteOf,
  writeSite,
} from '@ar-distill/playground';
import { onInterrupt } from '@ar-distill/runs';
import { checkNewFolder } from '@ar-distill/workflows';
import type { Command } from 'commander';
import { flagOf, resolveOptions } from '../config/resolve-options';
import { type PlayOptions, playSchema } from '../config/schemas';
import { withSource } from '../config/setting-source';
import { InterruptedError, isNamed, UsageError } from '../errors';
import { DEFAULT_PRESET } from './default-preset';
import type { CommandEnvironment } from './environment';
import {
  examples,
  givenFlags,
  toNumber,
  withCommonOptions,
  withConfigOption,
  withPresetOption,
} from './flags';
import { finishRehearsal, rehearse } from './rehearsal';
import { withWorkflow } from './session';

/** The same at every start, so that browsers find the weights that they have kept. */
const USUAL_PORT = 4600;
/** Images that the exported model is compared with the library by. */
const COMPARED = 16;

/** Options of the export, which are of no use where a model is exported already. */
const EXPORTING = ['preset', 'run', 'threads', 'backend', 'provider', 'pluginsDir'] as const;

/** `ar-distill play`. */
export function addPlayCommand(program: Command, env: CommandEnvironment): void {
  const command = withPresetOption(
    program
      .command('play')
      .description(
        'draw with a generator in the browser, on a page that this machine alone can see',
      )
      .argument('[folder]', 'what "export --onnx" wrote (default: what ships with the preset)'),
  )
    .option('--run <path>', 'run whose generator is drawn with, or "latest"')
    .option('--port <n>', `port, 0 for any that is free (default: ${USUAL_PORT}, or any)`, toNumber)
    .option('--static <folder>', 'write the page as a new folder for any web server instead')
    .addHelpText('after', examples('play', 'play my-generator', 'play --run latest --static site'));
  withCommonOptions(withConfigOption(command)).action(async (folder: string | undefined) => {
    const flags = { ...givenFlags(command), ...(folder === undefined ? {} : { folder }) };
    const options = resolveOptions(playSchema, flags, env.cwd);
    checkOptions(options, env.cwd);
    if (env.mode === 'print-config') return finishRehearsal(env, [], options);
    if (env.mode === 'rehearse') return rehearsePlay(env, options);
    if (options.folder !== undefined) return play(env, options, options.folder);
    await inTemporaryFolder(async (place) =>
      play(env, options, await exportInto(place, env, options)),
    );
  });
}

/** @throws UsageError naming an option that would do nothing, or a folder that is there already. */
function checkOptions(options: PlayOptions, cwd: string): void {
  const { folder, port } = options;
  const idle = EXPORTING.find((option) => options[option] !== undefined);
  if (folder !== undefined && idle !== undefined) {
    throw new UsageError(
      `${flagOf([idle])} is for exporting, and the model in "${folder}" is exported already: leave one of the two out.`,
    );
  }
  if (options.static === undefined) return;
  if (port !== undefined) {
    throw new UsageError('--port is for serving, and --static only writes: leave one of them out.');
  }
  try {
    checkNewFolder(options.static, 'static');
  } catch (error) {
    throw withSource(error, {}, cwd);
  }
}

/** Exports what is drawn with into a folder of its own, with the teacher where that can be; returns the folder. */
async function exportInto(
  place: string,
  env: CommandEnvironment,
  options: PlayOptions,
): Promise<string> {
  const { preset, run } = options;
  // The page calls the model by the name of its folder.
  const out = path.join(place, path.basename(run ?? preset ?? DEFAULT_PRESET));
  const choice = { preset, run, defaultPreset: DEFAULT_PRESET, out, samples: COMPARED };
  const carryOut = env.mode === 'rehearse' ? rehearse : withWorkflow;
  await carryOut(env, options, (container, workflow) => {
    const exporting = (teacher: boolean): Promise<unknown> =>
      env.workflows.exportModel(container, { ...choice, onnx: 'fp32', teacher }, workflow);
    return exporting(true).catch((error: unknown) => {
      if (isAboutTeacher(error)) return exporting(false);
      throw error;
    });
  });
  return out;
}

/** Checks the model, or that it can be exported, and the port. */
async function rehearsePlay(env: CommandEnvironment, options: PlayOptions): Promise<void> {
  const page = env.pageFolder ?? PAGE_FOLDER;
  if (options.folder !== undefined) await siteOf(page, options.folder);
  else await inTemporaryFolder((place) => exportInto(place, env, options).then(() => undefined));
  if (options.static === undefined) await (await serve(new Map(), options.port)).close();
  const writes = options.static === undefined ? [] : [path.resolve(env.cwd, options.static)];
  finishRehearsal(env, writes, options);
}

/** Whether an export was refused because its teacher cannot be exported. */
function isAboutTeacher(error: unknown): boolean {
  return (
    isNamed(error, 'InvalidOptionError') &&
    'options' in error &&
    Array.isArray(error.options) &&
    error.options.includes('teacher')
  );
}

/** Serves the page with a model until it is interrupted, or writes both. */
async function play(env: CommandEnvironment, options: PlayOptions, folder: string): Promise<void> {
  const site = await siteOf(env.pageFolder ?? PAGE_FOLDER, folder);
  const interrupt = onInterrupt((text) => void env.stderr.write(text));
  try {
    if (options.static === undefined) await serveUntil(interrupt.signal, env, site, options.port);
    else await write(interrupt.signal, env, site, options.static);
  } finally {
    interrupt.dispose();
  }
}

async function serveUntil(
  signal: AbortSignal,
  env: CommandEnvironment,
  site: SiteFiles,
  port: number | undefined,
): Promise<void> {
  const served = await serve(site, port);
  try {
    env.finish({
      document: { url: served.url },
      text: `Playground: ${served.url}\nIt is open until Ctrl-C is pressed.\n`,
    });
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  } finally {
    await served.close();
  }
  throw new InterruptedError('The playground is closed.');
}

async function serve(site: SiteFiles, port: number | undefined): Promise<ServedSite> {
  try {
    return await serveSite(site, port ?? USUAL_PORT);
  } catch (error) {
    if (port === undefined) return serveSite(site, 0);
    throw new Error(
      `The port ${port} is taken, or kept for others: name another with --port, or 0 for any that is free.`,
      { cause: error },
    );
  }
}

async function write(
  signal: AbortSignal,
  env: CommandEnvironment,
  site: SiteFiles,
  folder: string,
): Promise<void> {
  try {
    await writeSite(site, folder, signal);
  } catch (error) {
    throw signal.aborted ? new InterruptedError('Interrupted before it was done.') : error;
  }
  env.finish({
    document: { folder, files: [...site.keys()] },
    text: `Static site: ${folder} (${site.size} files)\n`,
  });
}

/** A folder that is gone afterwards, also when a second Ctrl-C ends the process. */
async function inTemporaryFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ar-distill-play-'));
  const discard = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', discard);
  try {
    await work(folder);
  } finally {
    discard();
    process.off('exit', discard);
  }
}
