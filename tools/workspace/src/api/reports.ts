import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
} from '@microsoft/api-extractor';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { entriesOf, type WorkspacePackage } from '../packages';
import { ROOT } from '../root';
import { withSettledOrder } from './settled-order';

/** A file of `etc/` that says what one entry of a package exports. */
export interface ApiReport {
  readonly path: string;
  readonly text: string;
}

interface BuiltEntry {
  readonly from: WorkspacePackage;
  readonly label: string;
  readonly declarations: string;
}

/**
 * The reports that belong to the built declarations of all entries of the packages.
 *
 * @throws Error when a package has not been built, or its declarations do not compile.
 */
export function apiReports(all: readonly WorkspacePackage[]): ApiReport[] {
  const entries = all.flatMap(builtEntries);
  const temporary = mkdtempSync(join(tmpdir(), 'ar-distill-api-'));
  try {
    const configs = entries.map((entry) => configOf(entry, temporary));
    const [first] = configs;
    if (!first) return [];
    // One program for all entries: they read each other's declarations and the same libraries.
    const compilerState = CompilerState.create(first, {
      additionalEntryPoints: entries.map(({ declarations }) => declarations),
    });
    return entries.map((entry, i) => reportOf(entry, configs[i]!, compilerState));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function builtEntries(from: WorkspacePackage): BuiltEntry[] {
  return entriesOf(from).flatMap(({ label, declarations, specifier }) => {
    if (declarations === undefined) return [];
    if (!existsSync(declarations)) {
      throw new Error(`${specifier} has no ${relative(ROOT, declarations)}: run npm run build.`);
    }
    return { from, label, declarations };
  });
}

function reportOf(
  { from, label }: BuiltEntry,
  config: ExtractorConfig,
  compilerState: CompilerState,
): ApiReport {
  const problems: string[] = [];
  const { succeeded } = Extractor.invoke(config, {
    compilerState,
    localBuild: true,
    messageCallback: (message) => {
      if (message.logLevel === ExtractorLogLevel.Error) problems.push(message.text);
      message.handled = true;
    },
  });
  if (!succeeded) {
    throw new Error(`The exports of ${from.manifest.name} cannot be read: ${problems.join(' ')}`);
  }
  return {
    path: join(from.directory, 'etc', `${label}.api.md`),
    text: withSettledOrder(readFileSync(config.reportFilePath, 'utf8')),
  };
}

function configOf({ from, label, declarations }: BuiltEntry, temporary: string): ExtractorConfig {
  const folder = join(temporary, from.kind, from.folder);
  const silent = { default: { logLevel: ExtractorLogLevel.None } };
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: from.directory,
      mainEntryPointFilePath: declarations,
      compiler: { tsconfigFilePath: join(from.directory, 'tsconfig.json') },
      apiReport: {
        enabled: true,
        reportFileName: `${label}.api.md`,
        reportFolder: folder,
        reportTempFolder: join(folder, 'temporary'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(from.directory, 'package.json'),
  });
}

/** Report files that lie in the packages' `etc/`. */
function storedReports(all: readonly WorkspacePackage[]): string[] {
  return all.flatMap(({ directory }) => {
    const folder = join(directory, 'etc');
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => name.endsWith('.api.md'))
      .map((name) => join(folder, name));
  });
}

/** Paths of stored reports that differ from `reports`, are missing or belong to no entry any more. */
export function outdatedReports(
  all: readonly WorkspacePackage[],
  reports: readonly ApiReport[],
): string[] {
  const expected = new Map(reports.map(({ path, text }) => [path, text]));
  const paths = new Set([...expected.keys(), ...storedReports(all)]);
  return [...paths]
    .filter((path) => !existsSync(path) || readFileSync(path, 'utf8') !== expected.get(path))
    .sort();
}

/** Makes the stored reports what `reports` says. */
export function storeReports(
  all: readonly WorkspacePackage[],
  reports: readonly ApiReport[],
): void {
  for (const path of storedReports(all)) rmSync(path);
  for (const { path, text } of reports) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
