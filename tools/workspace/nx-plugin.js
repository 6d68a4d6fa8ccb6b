'use strict';
const { basename, dirname } = require('node:path');

// What the projects have in common, so that no manifest repeats it: which targets each has (nx.json's
// targetDefaults say what they do) and the tags that the linter's module boundaries read.
const TARGETS = {
  packages: ['build', 'test', 'lint', 'typecheck'],
  plugins: ['build', 'test', 'lint', 'typecheck'],
  tools: ['test', 'lint', 'typecheck'],
};

const tags = {
  packages: (folder) => [`package:${folder}`],
  plugins: () => ['kind:plugin'],
  tools: () => ['kind:tool'],
};

function project(root) {
  const kind = dirname(root);
  return {
    root,
    tags: tags[kind](basename(root)),
    targets: Object.fromEntries(TARGETS[kind].map((name) => [name, {}])),
  };
}

module.exports = {
  name: 'ar-distill-workspace',
  createNodesV2: [
    '{packages,plugins,tools}/*/package.json',
    (manifests) =>
      manifests.map((manifest) => {
        const root = dirname(manifest);
        return [manifest, { projects: { [root]: project(root) } }];
      }),
  ],
};
