import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Manifest, WorkspacePackage } from '../packages';
import { countTable, exportCounts } from './counts';
import { apiReports, outdatedReports, storeReports } from './reports';

const MANIFEST: Manifest = {
  name: 'sample',
  version: '1.0.0',
  exports: {
    '.': { '@ar-distill/source': './src/index.ts', types: './dist/index.d.ts' },
    './inner/math': { '@ar-distill/source': './src/math.ts', types: './dist/math.d.ts' },
    './package.json': './package.json',
  },
};

describe('what packages export', () => {
  let sample: WorkspacePackage;
  beforeEach(() => {
    const directory = mkdtempSync(join(tmpdir(), 'ar-distill-exports-'));
    sample = { kind: 'packages', folder: 'sample', directory, manifest: MANIFEST };
    write('package.json', JSON.stringify(MANIFEST));
    write('tsconfig.json', '{"compilerOptions":{"types":[],"lib":["es2023"],"skipLibCheck":true}}');
    write('dist/index.d.ts', 'export declare class Thing {\n  size: number;\n}\n');
    write('dist/math.d.ts', 'export declare function half(x: number): number;\n');
  });
  afterEach(() => rmSync(sample.directory, { recursive: true, force: true }));

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(sample.directory, file)), { recursive: true });
    writeFileSync(join(sample.directory, file), text);
  }
  const etc = (name: string) => join(sample.directory, 'etc', name);

  it('is one report per entry, with the signatures', () => {
    const reports = apiReports([sample]);
    expect(reports.map(({ path }) => path)).toEqual([
      etc('index.api.md'),
      etc('inner-math.api.md'),
    ]);
    expect(reports[0]!.text).toContain('export class Thing {');
    expect(reports[1]!.text).toContain('export function half(x: number): number;');
  }, 60_000);

  it('is compared with what is stored: changed, missing and left over files are named', () => {
    expect(outdatedReports([sample], apiReports([sample]))).toHaveLength(2);
    write('etc/gone.api.md', 'of an entry that is no more');
    storeReports([sample], apiReports([sample]));
    expect(outdatedReports([sample], apiReports([sample]))).toEqual([]);

    write('dist/math.d.ts', 'export declare function half(x: number, y: number): number;\n');
    write('etc/gone.api.md', 'of an entry that is no more');
    expect(outdatedReports([sample], apiReports([sample]))).toEqual([
      etc('gone.api.md'),
      etc('inner-math.api.md'),
    ]);
    expect(readFileSync(etc('inner-math.api.md'), 'utf8')).toContain('half(x: number): number');
  }, 60_000);

  it('cannot be told before the build', () => {
    rmSync(join(sample.directory, 'dist/math.d.ts'));
    expect(() => apiReports([sample])).toThrow(
      /^sample\/inner\/math has no .*: run npm run build\.$/,
    );
  });

  it('is counted: classes, functions and constants are values, the rest are types', () => {
    write(
      'src/index.ts',
      [
        'export class A {}',
        'export interface B { b: number }',
        'export type C = number;',
        "export { half, type Half } from './math';",
        "export type { Big } from './math';",
        'export default 1;',
      ].join('\n'),
    );
    write(
      'src/math.ts',
      'export const half = 0.5;\nexport type Half = number;\nexport class Big {}\n',
    );
    const counts = exportCounts([sample]);
    expect(counts).toEqual([
      { specifier: 'sample', values: 3, types: 4 },
      { specifier: 'sample/inner/math', values: 2, types: 1 },
    ]);
    expect(countTable(counts).split('\n').at(-1)).toBe('| all | 5 | 5 |');
  }, 60_000);
});
