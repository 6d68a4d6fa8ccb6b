/**
 * How the files of models name their preset, beside the backbone that they belong to: the name alone
 * where the plugin that brings it is called like the backbone, else `plugin:preset`.
 */
export function presetInFile(
  backbone: string,
  { name, plugin }: { readonly name: string; readonly plugin?: string | undefined },
): string {
  return plugin === undefined || plugin === backbone ? name : `${plugin}:${name}`;
}

/** `plugin:preset` of the preset that a file names beside its backbone. */
export function presetOfFile(backbone: string, preset: string): string {
  return preset.includes(':') ? preset : `${backbone}:${preset}`;
}
