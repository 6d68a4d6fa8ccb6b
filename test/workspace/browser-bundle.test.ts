import { entriesOf, readRooms, ROOT, workspacePackages } from '@ar-distill/workspace';
import { build, type BuildFailure } from 'esbuild';
import { join } from 'node:path';

const ROOMS = readRooms();
const PORTABLE = workspacePackages('packages')
  .filter(({ folder }) => ROOMS.packages[folder]?.portable)
  .flatMap(entriesOf);

/** Bundles TypeScript as for a web page, with all that it imports. */
function bundle(contents: string) {
  return build({
    stdin: { contents, resolveDir: join(ROOT, 'packages'), loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    conditions: ['@ar-distill/source'],
    logLevel: 'silent',
    metafile: true,
  });
}

describe('a bundle for browsers', () => {
  it.each(PORTABLE.map(({ specifier, source }) => [specifier, source]))(
    'holds %s and all that it imports',
    async (_specifier, source) => {
      const { metafile, outputFiles } = await bundle(`export * from ${JSON.stringify(source)};`);
      const [output] = Object.values(metafile.outputs);
      expect(output?.imports).toEqual([]);
      expect(output?.exports.length).toBeGreaterThan(0);
      expect(outputFiles[0]!.text.length).toBeGreaterThan(0);
    },
    120_000,
  );

  it('draws with an exported teacher without TensorFlow.js', async () => {
    const { metafile } = await bundle("export * from '@ar-distill/engine-web';");
    const [output] = Object.values(metafile.outputs);
    const held = Object.entries(output!.inputs).filter(
      ([, { bytesInOutput }]) => bytesInOutput > 0,
    );
    expect(held.map(([file]) => file).filter((file) => file.includes('tfjs'))).toEqual([]);
    expect(output!.bytes).toBeLessThan(200_000);
  }, 120_000);

  it('fails for a package that needs Node', async () => {
    const failure: BuildFailure = await bundle("export * from '@ar-distill/checkpoints';").then(
      () => {
        throw new Error('checkpoints reads files, yet it was bundled.');
      },
      (error) => error,
    );
    expect(failure.errors.map(({ text }) => text).join('\n')).toMatch('Could not resolve "node:fs');
  }, 120_000);
});
