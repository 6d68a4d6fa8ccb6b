/** What wrappers of training scripts put in front of every name: data parallelism, compilation, averages. */
const WRAPPERS = ['module.', '_orig_mod.', 'model.', 'ema_model.', 'ema.', 'online_model.', 'net.'];

type Shapes = Readonly<Record<string, { readonly shape: readonly number[] }>>;

/**
 * The prefix that wrappers, one inside of another, have put in front of the names of all tensors; '' when
 * there is none. Single numbers without it are counters of the wrapper's own (`n_averaged`).
 */
export function wrapperPrefix(tensors: Shapes): string {
  const names = Object.keys(tensors).filter((name) => tensors[name]!.shape.length > 0);
  if (names.length === 0) return '';
  let prefix = '';
  for (;;) {
    const inner = WRAPPERS.find((wrapper) =>
      names.every((name) => name.startsWith(wrapper, prefix.length)),
    );
    if (inner === undefined) return prefix;
    prefix += inner;
  }
}

/** The tensors that have the prefix, by their names without it. */
export function withoutPrefix<T>(
  tensors: Readonly<Record<string, T>>,
  prefix: string,
): Readonly<Record<string, T>> {
  return Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
