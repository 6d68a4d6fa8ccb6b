import { explainFault } from './faults';

const ROOT = '/home/me/.local/share/ar-distill/tensorflow';
const refused = (path: string): Error =>
  Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', path });

it.each([ROOT, `${ROOT}/.building-1-x/scratch`, '/home/me', '/'])(
  'names the folder of the builds when %s may not be written to',
  (path) => {
    expect(explainFault(refused(path), ROOT)).toEqual(
      new Error(
        `Nothing can be built in ${ROOT} (you have no right to do that): mend that, or set AR_DISTILL_TENSORFLOW to another folder.`,
      ),
    );
  },
);

it.each(['/home/me/wheels/x.whl', `${ROOT}-other`, '/home/m'])(
  'names %s, which is another place',
  (path) => {
    expect(explainFault(refused(path), ROOT)).toEqual(
      new Error(
        `${path} cannot be used (you have no right to do that): mend that, or name another with --from.`,
      ),
    );
  },
);

it('leaves other errors as they are', () => {
  const error = new Error('something else');
  expect(explainFault(error, ROOT)).toBe(error);
});
