export { packageName, pluginFiles } from './plugin-files';
export { UsageError } from './errors';
export { folderTaken, writePlugin } from './write-plugin';
