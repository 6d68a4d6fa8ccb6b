import { foreignInstanceChecks, workspacePackages } from '@ar-distill/workspace';

it('nothing asks instanceof for a class of another package, of which a plugin may bring a copy', () => {
  expect(foreignInstanceChecks(workspacePackages('packages', 'plugins'))).toEqual([]);
}, 120_000);
