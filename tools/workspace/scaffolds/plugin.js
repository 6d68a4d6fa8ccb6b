'use strict';
const { join } = require('node:path');

// nx starts Node without the condition that finds sources by the names of packages.
require('../../jest/register.js');
const {
  folderTaken,
  packageName,
  pluginFiles,
} = require('../../../packages/create-ar-distill-plugin/src/index.ts');

/** nx's generator "plugin": it writes what stands in the tree when it returns, and nothing when it throws. */
module.exports = function scaffoldPlugin(tree, { name, dir = packageName(name) }) {
  const files = pluginFiles(name);
  if (tree.exists(dir)) throw folderTaken(dir);
  for (const [path, text] of Object.entries(files)) tree.write(join(dir, path), text);
};
