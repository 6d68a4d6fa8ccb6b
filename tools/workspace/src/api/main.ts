import { relative } from 'node:path';
import { workspacePackages } from '../packages';
import { ROOT } from '../root';
import { countTable, exportCounts } from './counts';
import { apiReports, outdatedReports, storeReports } from './reports';

/**
 * `npm run api` rewrites `etc/*.api.md` of every package and plugin from the built declarations;
 * `--check` compares instead and exits with 1 on a difference; `--counts` prints how many names each
 * entry exports.
 */
function main(flags: readonly string[]): number {
  const all = workspacePackages('packages', 'plugins');
  const [flag] = flags;
  if (flag === '--counts') {
    console.log(countTable(exportCounts(all)));
    return 0;
  }
  if (flag !== undefined && flag !== '--check') {
    console.error(`There is no "${flag}": use --check, --counts or nothing.`);
    return 2;
  }
  const reports = apiReports(all);
  const outdated = outdatedReports(all, reports);
  if (flag === undefined) {
    storeReports(all, reports);
  } else if (outdated.length > 0) {
    const files = outdated.map((path) => relative(ROOT, path)).join(', ');
    console.error(
      `The public exports are not what ${files} says: run npm run api and commit the change.`,
    );
    return 1;
  }
  return 0;
}

process.exitCode = main(process.argv.slice(2));
