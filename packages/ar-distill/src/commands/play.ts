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
import { checkNewFolder, refuseTogether } from '@ar-distill/workflows';
import type { Command } from 'commander';
import { resolveOptions } from '../config/resolve-options';
import { type PlayOptions, playSchema } from '../config/schemas';
import { InterruptedError } from '../errors';
import { DEFAULT_PRESET } from './default-preset';
import type { CommandEnvironment } from './environment';
import { examples, givenFlags, toNumber, withCommonOptions, withPresetOption } from './flags';
import { withWorkflow } from './session';

/** The same at every start, so that browsers find the weights that they have kept. */
const USUAL_PORT = 4600;
/** Images that the exported model is compared with the library by. */
const COMPARED = 16;

const EXCLUSIONS = [
  {
    option: 'folder',
    excludes: ['preset', 'run', 'threads', 'backend', 'provider', 'pluginsDir'],
    because: 'its model is there already and nothing is computed',
  },
  { option: 'static', excludes: ['port'], because: 'nothing is served' },
] as const;

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
  withCommonOptions(command).action(async (folder: string | undefined) => {
    const flags = { ...givenFlags(command), ...(folder === undefined ? {} : { folder }) };
    const options = resolveOptions(playSchema, flags, env.cwd);
    refuseTogether(options, EXCLUSIONS);
    if (options.static !== undefined) checkNewFolder(options.static, 'static');
    if (options.folder !== undefined) return play(env, options, options.folder);
    await inTemporaryFolder(async (place) => {
      const { preset, run } = options;
      const model = path.join(
        place,
        run === undefined ? (preset ?? DEFAULT_PRESET) : path.basename(run),
      );
      const choice = { preset, run, defaultPreset: DEFAULT_PRESET };
      await withWorkflow(env, options, (container, workflow) =>
        env.workflows.exportModel(
          container,
          { ...choice, out: model, onnx: 'fp32', samples: COMPARED },
          workflow,
        ),
      );
      await play(env, options, model);
    });
  });
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
