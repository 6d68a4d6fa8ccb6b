/**
 * The folder of globally installed packages of npm; undefined where nobody can tell. The package that knows
 * it looks for the user's home while it is loaded, and not everybody has one (containers, services).
 */
export function globalPackages(): string | undefined {
  try {
    const { default: globalDirectory } =
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- What it throws is caught here.
      require('global-directory') as typeof import('global-directory');
    return globalDirectory.npm.packages;
  } catch {
    return undefined;
  }
}
