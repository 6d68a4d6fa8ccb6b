import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { foreignInstanceChecks } from './instance-checks';
import type { Kind, WorkspacePackage } from './packages';

describe('foreignInstanceChecks', () => {
  let root: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'ar-distill-instances-')));
    write('node_modules/lib/package.json', '{"name":"lib","types":"index.d.ts"}');
    write('node_modules/lib/index.d.ts', 'export declare class Foreign {}');
    write(
      'packages/base/src/index.ts',
      'export class Base {}\nexport const b = {} instanceof Base;',
    );
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }

  function checked(kind: Kind, text: string): string[] {
    write(`${kind}/other/src/index.ts`, text);
    const place = (kind: Kind, folder: string): WorkspacePackage => ({
      kind,
      folder,
      directory: join(root, kind, folder),
      manifest: { name: folder, version: '1.0.0' },
    });
    return foreignInstanceChecks([place('packages', 'base'), place(kind, 'other')]).map((line) =>
      line.replace(/^.*\/src\//, ''),
    );
  }

  it("finds another package's class behind a new name, a namespace and a file that passes it on", () => {
    write('packages/other/src/pass-on.ts', "export { Base } from '../../base/src/index';");
    const text = [
      "import { Base as Renamed } from '../../base/src/index';",
      "import * as all from '../../base/src/index';",
      "import { Base } from './pass-on';",
      'export const a = {} instanceof Renamed;',
      'export const b = {} instanceof all.Base;',
      'export const c = {} instanceof Base;',
    ].join('\n');
    expect(checked('packages', text)).toEqual([
      'index.ts:4: instanceof Renamed of base',
      'index.ts:5: instanceof all.Base of base',
      'index.ts:6: instanceof Base of base',
    ]);
  });

  it('lets pass what the language declares and what the package declares itself', () => {
    const text = [
      'class Own {}',
      'export const a = {} instanceof Own;',
      'export const b = {} instanceof Error;',
      'export const c = {} instanceof Float32Array;',
    ].join('\n');
    expect(checked('plugins', text)).toEqual([]);
  });

  it('refuses classes of npm packages in plugins alone', () => {
    const text = "import { Foreign } from 'lib';\nexport const a = {} instanceof Foreign;";
    expect(checked('plugins', text)).toEqual(['index.ts:2: instanceof Foreign of lib']);
    expect(checked('packages', text)).toEqual([]);
  });
});
