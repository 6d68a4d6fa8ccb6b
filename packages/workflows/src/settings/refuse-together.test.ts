import { InvalidOptionError } from '../errors';
import { refuseTogether } from './refuse-together';

const EXCLUSIONS = [
  { option: 'npz', excludes: ['weights', 'seed'], because: 'the images of the file are measured' },
] as const;

describe('refuseTogether', () => {
  it.each<Partial<Record<'npz' | 'weights' | 'seed', unknown>>>([
    {},
    { weights: 'a', seed: 0 },
    { npz: 'a.npz' },
    { npz: false, weights: 'a' },
    { npz: 'a.npz', weights: undefined, seed: false },
  ])('takes %j', (options) => {
    expect(() => refuseTogether(options, EXCLUSIONS)).not.toThrow();
  });

  it('names both, and why one of them would be ignored', () => {
    const refusal = (): void => refuseTogether({ npz: 'a.npz', seed: 0 }, EXCLUSIONS);
    expect(refusal).toThrow(InvalidOptionError);
    expect(refusal).toThrow(
      '"seed" has no effect beside "npz", because the images of the file are measured: leave one of them out.',
    );
    expect(refusal).toThrow(expect.objectContaining({ options: ['seed', 'npz'] }));
  });
});
