import { withBytes, type Mutant, type Mutation } from '../mutation';
import { dict, global, int, list, op, storage, tensor, text, tuple, uint32 } from '../pickle-ops';
import type { Random } from '../random';
import type { Seed } from '../seeds';
import { unzip, zip, type ZipEntry } from '../zip';

/** The seed's archive with another pickle, whose checksum is right. */
function withPickle(seed: Seed, pickle: Buffer, more: readonly ZipEntry[] = []): Mutant {
  const entries = unzip(seed.bytes).map((entry) =>
    String(entry.name).endsWith('/data.pkl') ? { ...entry, bytes: pickle } : entry,
  );
  return withBytes(seed, zip([...entries, ...more]));
}

const proto = (root: Buffer): Buffer => op('\x80\x02', root, '.');

type Item = readonly [key: Buffer, value: Buffer];

/** The state dict of the seed, with one float16 storage per tensor. */
function itemsOf({ stateDict }: Seed): Item[] {
  return stateDict.map(({ name, shape, type }, i): Item => {
    const length = shape.reduce((product, size) => product * size, 1);
    const strides = shape.map((_, axis) =>
      shape.slice(axis + 1).reduce((product, size) => product * size, 1),
    );
    const stored = type === 'I64' ? 'LongStorage' : 'HalfStorage';
    return [
      text(name),
      tensor(
        storage(stored, text(String(i)), int(length)),
        int(0),
        tuple(...shape.map(int)),
        tuple(...strides.map(int)),
      ),
    ];
  });
}

/** The state dict with one item replaced by what `change` makes of it. */
function withItem(seed: Seed, random: Random, change: (item: Item) => Item): Mutant {
  const items = itemsOf(seed);
  const at = random.below(items.length);
  return withPickle(seed, proto(dict(items.with(at, change(items[at]!)))));
}

/** Bit flips in the pickle alone, under a checksum that is right. */
export const flipPickle: Mutation = (seed, random) => {
  const found = unzip(seed.bytes).find(({ name }) => String(name).endsWith('/data.pkl'))!;
  const pickle = Buffer.from(found.bytes);
  for (let i = random.below(6); i >= 0; i--) {
    const at = random.below(pickle.length);
    pickle[at] = random.below(2) === 0 ? random.below(256) : pickle[at]! ^ (1 << random.below(8));
  }
  return withPickle(seed, pickle);
};

const CALLABLES: readonly (readonly [module: string, name: string])[] = [
  ['os', 'system'],
  ['posix', 'system'],
  ['nt', 'system'],
  ['builtins', 'eval'],
  ['builtins', 'exec'],
  ['__builtin__', 'eval'],
  ['subprocess', 'Popen'],
  ['subprocess', 'check_output'],
  ['torch', 'load'],
  ['torch.hub', 'load'],
  ['builtins', 'getattr'],
  ['collections', 'OrderedDict.__init__'],
  ['torch._utils', '_rebuild_tensor_v2.__globals__'],
  ['webbrowser', 'open'],
  ['runpy', '_run_code'],
];

/** A pickle that runs a command in Python, by every operation that can call something. */
export const forgedCalls: Mutation = (seed, random, canary) => {
  const [module, name] = random.pick(CALLABLES);
  const command = text(
    name === 'eval' || name === 'exec'
      ? `__import__("os").system("touch ${canary}")`
      : `touch ${canary}`,
  );
  const named = global(module, name);
  const onStack = op(text(module), text(name), '\x93');
  const callee = random.pick([named, onStack]);
  const calls: readonly Buffer[] = [
    op(callee, tuple(command), 'R'),
    op(callee, '(', command, 't\x81'),
    op(callee, tuple(command), '}\x92'),
    op('(', command, `i${module}\n${name}\n`),
    op('(', callee, command, 'o'),
    op(callee, ')R', dict([[text('a'), command]]), 'b'),
    op('\x82\x01'),
    op('\x83\x01\x00'),
    op('\x84', uint32(1)),
    op(callee, 'q\x00h\x00', tuple(command), 'R'),
    op(tuple(callee, command), 'Q'),
    op(`P${command.toString('latin1')}\n`),
    op('\x95', Buffer.alloc(8), callee, tuple(command), 'R'),
    tensor(op(callee, tuple(command), 'R'), int(0), tuple(int(1)), tuple(int(1))),
    op(tuple(text('storage'), callee, text('0'), text('cpu'), int(1)), 'Q'),
    op(global('collections', 'OrderedDict'), ')R', op(callee, tuple(command), 'R'), 'b'),
    op(global('torch._utils', '_rebuild_parameter'), tuple(op(callee, tuple(command), 'R')), 'R'),
  ];
  const call = random.pick(calls);
  if (random.below(3) === 0) return withPickle(seed, proto(call));
  if (random.below(3) === 0)
    return withPickle(seed, op('\x80\x04', call, '0', proto(dict([])).subarray(2)));
  return withItem(seed, random, ([key, value]) =>
    random.below(2) === 0 ? [key, call] : [op(call, '0', key), value],
  );
};

export const memoAbuse: Mutation = (seed, random) => {
  const index = uint32(random.pick([0, 255, 0x7fffffff, 0xffffffff]));
  const doubled = (count: number, wrap: string): Buffer =>
    op(
      ...Array.from({ length: count }, (_, i) =>
        op(`q${String.fromCharCode(i & 0xff)}`, `h${String.fromCharCode(i & 0xff)}`, wrap),
      ),
    );
  const pickles: readonly (() => Buffer)[] = [
    () => op('}r', index, 'j', index),
    () => op('j', index),
    () => op('}q\x00', text('self'), 'h\x00s'),
    () => op('}q\x00(', ...Array.from({ length: 2000 }, (_, i) => op(text(`k${i}`), 'h\x00')), 'u'),
    () => op(']', doubled(200, '\x86')),
    () =>
      op(
        '}',
        ...Array.from({ length: 60 }, (_, i) =>
          op(
            `q${String.fromCharCode(i)}`,
            '}(',
            text('a'),
            `h${String.fromCharCode(i)}`,
            text('b'),
            `h${String.fromCharCode(i)}`,
            'u',
          ),
        ),
      ),
    () => op('}', '\x94'.repeat(100_000)),
    () => op('r', index),
    () =>
      op(
        dict(itemsOf(seed)),
        'q\x00',
        '}(',
        text('model'),
        'h\x00',
        text('ema'),
        'h\x00',
        text('self'),
        'h\x00',
        'u',
      ),
  ];
  return withPickle(seed, proto(random.pick(pickles)()));
};

export const deepNesting: Mutation = (seed, random) => {
  const depth = random.pick([40, 1000, 20_000, 200_000]);
  const pickles: readonly (() => Buffer)[] = [
    () => op('('.repeat(depth), 't'.repeat(depth)),
    () => op(')' + '\x85'.repeat(depth)),
    () =>
      op(
        '}',
        op('X', uint32(1), 'a').toString('latin1').concat('}').repeat(depth),
        's'.repeat(depth),
      ),
    () => op(']'.repeat(depth), 'a'.repeat(depth - 1)),
    () => op('('.repeat(depth)),
    () => op(`\x80\x02`.repeat(depth), '}'),
    () => dict([[text('a'), op(']'.repeat(depth), 'a'.repeat(depth - 1))]]),
  ];
  return withPickle(seed, proto(random.pick(pickles)()));
};

const NUMBERS: readonly Buffer[] = [
  ...[0, 1, -1, 2, 64, -(2 ** 31), 2 ** 31 - 1, 2 ** 40, 2 ** 53, 2 ** 62, -(2 ** 62)].map(int),
  op('\x8a\xff', Buffer.alloc(255, 0x7f)),
  op('\x8a\x00'),
  op('G', Buffer.from('7ff0000000000000', 'hex')),
  op('G', Buffer.from('3ff8000000000000', 'hex')),
  op('N'),
  op('\x88'),
  text('3'),
  tuple(int(1)),
];

/** Absurd shapes, strides, offsets, lengths and types of one tensor. */
export const absurdTensors: Mutation = (seed, random) => {
  const number = (): Buffer => random.pick(NUMBERS);
  const sizes = (): Buffer => {
    const rank = random.pick([0, 1, 2, 4, 63, 65, 3000]);
    return random.pick([tuple, list])(...Array.from({ length: rank }, number));
  };
  const types = ['HalfStorage', 'FloatStorage', 'DoubleStorage', 'LongStorage', 'BoolStorage'];
  const strange = ['ComplexFloatStorage', 'QInt8Storage', 'UntypedStorage', 'Storage'];
  return withItem(seed, random, ([key]) => {
    const of = storage(
      random.below(8) === 0 ? random.pick(strange) : random.pick(types),
      random.pick([text('0'), text('99999'), text('../data.pkl'), text(''), int(0), text('\0')]),
      random.below(3) === 0 ? number() : int(64),
    );
    const shape = random.below(3) === 0 ? tuple(int(64)) : sizes();
    const strides = random.below(3) === 0 ? tuple(int(1)) : sizes();
    return [key, tensor(of, random.below(2) === 0 ? int(0) : number(), shape, strides)];
  });
};

/** Keys of the state dict that would be paths, prototypes or something without end. */
export const strangeNames: Mutation = (seed, random) => {
  const names: readonly Buffer[] = [
    ...['../../escaped', '/etc/passwd', 'a\0b', '__proto__', 'constructor', 'toString'].map(
      (name) => text(name),
    ),
    ...['', '__metadata__', 'a\nb\nc', '\u202eabc', 'blocks.999999999999.attn.mat_qkv.weight'].map(
      (name) => text(name),
    ),
    text('n'.repeat(100_000)),
    text('model.model'),
    text('é'.repeat(500)),
    op('X', uint32(2), Buffer.from([0xff, 0xfe])),
    int(5),
    op('N'),
    tuple(int(1)),
  ];
  return withItem(seed, random, ([key, value]) =>
    random.below(2) === 0
      ? [random.pick(names), value]
      : [op(key, value, random.pick(names)), value],
  );
};

/** Tensors that are missing, doubled, swapped or too many. */
export const otherTensors: Mutation = (seed, random) => {
  const items = itemsOf(seed);
  const at = random.below(items.length);
  const changes: readonly (() => Item[])[] = [
    () => items.toSpliced(at, 1 + random.below(4)),
    () => items.with(at, [items[random.below(items.length)]![0], items[at]![1]]),
    () =>
      items.toSpliced(
        at,
        0,
        ...Array.from({ length: 3000 }, (_, i): Item => [text(`extra${i}`), items[0]![1]]),
      ),
    () => items.slice(0, 1),
    () => [],
    () => items.map(([key], i): Item => [key, items[(i + 1) % items.length]![1]]),
    () =>
      items.with(at, [items[at]![0], random.pick([op('N'), int(3), text('x'), list(), dict([])])]),
  ];
  return withPickle(seed, proto(dict(random.pick(changes)())));
};

/** Lengths and counts that promise more than there is. */
export const hugeCounts: Mutation = (seed, random) => {
  const pickles: readonly (() => Buffer)[] = [
    () => op('X', uint32(0xffffffff), 'abc'),
    () => op('\x8d', Buffer.alloc(8, 0xff), 'abc'),
    () => op('B', uint32(0xfffffff0)),
    () => op('\x8b', uint32(0x7fffffff)),
    () => op('\x95', Buffer.alloc(8, 0xff)),
    () => dict(Array.from({ length: 50_000 }, (_, i): Item => [text(`k${i}`), int(i)])),
    () => op('}(', op(text('a'), int(1)).toString('latin1').repeat(100_000), 'u'),
    () => op('N'.repeat(1_000_000)),
    () => op('(', 'N'.repeat(1_000_000), 't'),
    () => op('}(', 'N'.repeat(99_999), 'u'),
    () =>
      op(
        tuple(...Array.from({ length: 20_000 }, () => int(1))),
        'q\x00',
        '0',
        dict(
          Array.from({ length: 5000 }, (_, i): Item => [
            text(`t${i}`),
            tensor(storage('HalfStorage', text('0'), int(1)), int(0), op('h\x00'), op('h\x00')),
          ]),
        ),
      ),
    () => Buffer.alloc(0),
  ];
  return withPickle(seed, proto(random.pick(pickles)()));
};
