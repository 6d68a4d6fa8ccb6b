import os from 'node:os';
import { globalPackages } from './global-packages';

afterEach(() => void jest.restoreAllMocks());

it('are unknown to a user without a home, and known to others', () => {
  const homedir = jest.spyOn(os, 'homedir').mockImplementation(() => {
    throw new Error('uv_os_homedir returned ENOENT');
  });
  jest.isolateModules(() => expect(globalPackages()).toBeUndefined());
  expect(homedir).toHaveBeenCalled();
  homedir.mockRestore();
  jest.isolateModules(() => expect(globalPackages()).toMatch(/node_modules$/));
});
