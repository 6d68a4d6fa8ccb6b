import { workingFolder } from './working-folder';

afterEach(() => void jest.restoreAllMocks());

it('is none when it was deleted', () => {
  expect(workingFolder()).toBe(process.cwd());
  jest.spyOn(process, 'cwd').mockImplementation(() => {
    throw Object.assign(new Error('uv_cwd'), { code: 'ENOENT' });
  });
  expect(workingFolder()).toBeUndefined();
});
