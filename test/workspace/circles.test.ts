import { circlesOf, fileGraph, packageGraph, workspacePackages } from '@ar-distill/workspace';

const ALL = workspacePackages('packages', 'plugins', 'tools');

describe('circles of imports', () => {
  it.each(ALL.map((from) => [from.manifest.name, from] as const))(
    'there is none between the files of %s',
    (_name, from) => {
      const graph = fileGraph(from);
      expect(graph.size).toBeGreaterThan(0);
      expect(circlesOf(graph)).toEqual([]);
    },
  );

  it('there is none between packages', () => {
    expect(circlesOf(packageGraph(ALL))).toEqual([]);
  });
});
