import { gtr, ltr, satisfies, validRange } from 'semver';
import { HOST_PACKAGES, hostVersion } from './host-packages';
import type { Manifest } from './manifest';
import { PluginError } from './plugin-error';
import type { PluginPackage } from './plugin-package';

/**
 * Checks that a plugin takes the versions of the packages that this application gives to it.
 * @throws PluginError naming the package, what the plugin wants of it, and which side to renew.
 */
export function checkHostVersions(
  { packageName, directory }: PluginPackage,
  manifest: Manifest,
): void {
  for (const name of HOST_PACKAGES) {
    const range =
      manifest.rangeIn('peerDependencies', name) ?? manifest.rangeIn('dependencies', name);
    const version = hostVersion(name);
    // A path, an address or a tag says nothing about versions.
    if (version === undefined || range === undefined || validRange(range) === null) continue;
    if (satisfies(version, range, { includePrerelease: true })) continue;
    throw new PluginError(
      `The plugin "${packageName}" in ${directory} needs ${name} ${range}, but this ar-distill ` +
        `brings ${name} ${version}: ${mend(version, range, packageName)}.`,
    );
  }
}

function mend(version: string, range: string, packageName: string): string {
  if (ltr(version, range)) return 'install a newer version of ar-distill';
  if (gtr(version, range)) return `install a newer version of ${packageName}`;
  return `install another version of ${packageName}`;
}
