import {
  PickleGlobal,
  PickleTuple,
  SkippedObject,
  TorchTensor,
  type PickleValue,
} from './pickle-values';
import { collectStateDict } from './state-dict';
import { unpickle } from './unpickle';

/** A pickle of protocol 2 from its opcodes, one character per byte. */
const pickle = (...parts: string[]): Uint8Array =>
  Buffer.from(['\x80\x02', ...parts].join(''), 'latin1');
const text = (value: string): string => `\x8c${String.fromCharCode(value.length)}${value}`;
/** Text with a length of four bytes. */
const longText = (value: string): string => `X${littleEndian(value.length)}${value}`;
/** Numbers as keys of nothing. */
const manyItems = (count: number): string =>
  Array.from({ length: count }, (_, i) => `J${littleEndian(i)}N`).join('');
const littleEndian = (value: number): string =>
  String.fromCharCode(...[0, 8, 16, 24].map((shift) => (value >> shift) & 0xff));

describe('unpickle', () => {
  it.each<[string, string, PickleValue]>([
    ['None', 'N', null],
    ['True', '\x88', true],
    ['False', '\x89', false],
    ['one byte', 'K\xff', 255],
    ['two bytes', 'M\x01\x02', 513],
    ['four bytes', 'J\xfe\xff\xff\xff', -2],
    ['a long that fits', '\x8a\x05\x00\x00\x00\x00\x01', 2 ** 32],
    ['a negative long', '\x8a\x01\xff', -1],
    ['an empty long', '\x8a\x00', 0],
    ['a long that does not fit', '\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01', 2n ** 64n],
    ['a float', 'G\x3f\xf8\x00\x00\x00\x00\x00\x00', 1.5],
    ['text', 'X\x02\x00\x00\x00\xc3\xa4', 'ä'],
    ['a list', '](K\x01K\x02eK\x03a', [1, 2, 3]],
    ['tuples', ')K\x01\x85K\x02\x86', new PickleTuple([new PickleTuple([1]), 2])],
    ['a long tuple', '(K\x01K\x02K\x03K\x04t', new PickleTuple([1, 2, 3, 4])],
    [
      'a dict',
      `}${text('a')}K\x01s(${text('b')}K\x02u`,
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    ],
    ['an OrderedDict', 'ccollections\nOrderedDict\n)R', new Map()],
    [
      'protocol 4',
      `\x95\x00\x00\x00\x00\x00\x00\x00\x00${text('collections')}${text('OrderedDict')}\x93)R\x94`,
      new Map(),
    ],
    ['a kept value', 'K\x05q\x07h\x07\x86', new PickleTuple([5, 5])],
  ])('reads %s', (_what, body, expected) => {
    expect(unpickle(pickle(body, '.'))).toEqual(expected);
  });

  it('reads the arguments of training scripts as plain entries', () => {
    const body = `cargparse\nNamespace\n)\x81}${text('lr')}K\x03sb`;
    expect(unpickle(pickle(body, '.'))).toEqual(new Map([['lr', 3]]));
  });

  it.each<[string, string, PickleValue]>([
    ['torch.Size', 'ctorch\nSize\nK\x02K\x03\x86\x85R', new PickleTuple([2, 3])],
    ['a range', 'cbuiltins\nrange\nK\x01K\x02K\x03\x87R', new SkippedObject('builtins.range')],
    ['a Decimal', `cdecimal\nDecimal\n${text('1')}\x85R`, new SkippedObject('decimal.Decimal')],
    ['a UUID', `cuuid\nUUID\n)\x81}${text('int')}K\x01sb`, new SkippedObject('uuid.UUID')],
    ['torch.dtype', 'ctorch\nfloat32\n', new PickleGlobal('torch.float32')],
    ['torch.device', `ctorch\ndevice\n${text('cpu')}\x85R`, new SkippedObject('torch.device')],
    ['a set', 'c__builtin__\nset\n](K\x01K\x02e\x85R', [1, 2]],
    ['a frozenset', 'cbuiltins\nfrozenset\n](K\x01e\x85R', [1]],
    ['a set of protocol 4', '\x8f(K\x01K\x02\x90', [1, 2]],
    ['a frozenset of protocol 4', '(K\x01\x91', [1]],
    [
      'bytes',
      `c_codecs\nencode\n${text('abc')}${text('latin1')}\x86R`,
      new SkippedObject('_codecs.encode'),
    ],
    ['no bytes', 'c__builtin__\nbytes\n)R', new SkippedObject('__builtin__.bytes')],
    ['bytes of protocol 3', 'C\x02ab', new SkippedObject('bytes')],
    ['many bytes of protocol 3', 'B\x02\x00\x00\x00ab', new SkippedObject('bytes')],
    [
      'a bytearray of protocol 5',
      '\x96\x01\x00\x00\x00\x00\x00\x00\x00a',
      new SkippedObject('bytes'),
    ],
    [
      'complex',
      `c__builtin__\ncomplex\nG\x3f\xf8\x00\x00\x00\x00\x00\x00K\x01\x86R`,
      new SkippedObject('__builtin__.complex'),
    ],
    ['a Counter', `ccollections\nCounter\n}${text('a')}K\x02s\x85R`, new Map([['a', 2]])],
    [
      'a defaultdict',
      `ccollections\ndefaultdict\nc__builtin__\nlist\n\x85R${text('a')}K\x02s`,
      new Map([['a', 2]]),
    ],
    [
      'a NumPy scalar',
      `cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n${text('f8')}\x89\x88\x87R(K\x03${text('<')}NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbC\x08\x00\x00\x00\x00\x00\x00\xf0?tR`,
      new SkippedObject('numpy.core.multiarray.scalar'),
    ],
    [
      'a NumPy array',
      `cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01K\x02\x85NC\x02abtb`,
      new SkippedObject('numpy._core.multiarray._reconstruct'),
    ],
    ['a path', `cpathlib\nPosixPath\n${text('a')}\x85R`, new SkippedObject('pathlib.PosixPath')],
    [
      'what is set on something skipped',
      'ctorch\ndevice\n)RK\x01K\x02s',
      new SkippedObject('torch.device'),
    ],
  ])('takes no harm from %s beside the weights', (_what, body, expected) => {
    expect(unpickle(pickle(body, '.'))).toEqual(expected);
  });

  it.each([
    ['a call of a type', 'ctorch\nfloat32\n)R', 'calls "torch.float32"'],
    ['a call of an inert name', 'cbuiltins\nlist\n)R', 'calls "builtins.list"'],
    ['a function of torch', 'ctorch\nint_repr\n', '"torch.int_repr"'],
    ['a loader of torch', 'ctorch\nload\n', '"torch.load"'],
    ['a function of NumPy', 'cnumpy\nload\n', '"numpy.load"'],
  ])('still refuses %s by name', (_what, body, sentence) => {
    expect(() => unpickle(pickle(body, '.'))).toThrow(sentence);
  });

  it.each([
    ['dicts', '}'],
    ['lists', ']'],
    ['tuples', ')'],
    ['marks', '('],
    ['numbers', 'K\x01'],
    ['texts', '\x8c\x00'],
    ['kept values', 'Nr\x01\x00\x00\x00'],
    ['calls', 'ccollections\nOrderedDict\n)R'],
  ])('ends before %s take all memory', (_what, part) => {
    const bytes = Buffer.from(`\x80\x02${part.repeat(5_000_000)}.`, 'latin1');
    expect(() => unpickle(bytes)).toThrow('would take more than 128 MiB');
  });

  it.each<[string, string, string]>([
    ['os.system', `cos\nsystem\n${text('echo hi')}\x85R`, '"os.system"'],
    ['posix.system', `cposix\nsystem\n${text('id')}\x85R`, '"posix.system"'],
    ['builtins.eval', `cbuiltins\neval\n${text('1')}\x85R`, '"builtins.eval"'],
    ['a global by the stack', `${text('os')}${text('system')}\x93`, '"os.system"'],
    [
      'a name that looks allowed',
      'ccollections.OrderedDict\nfromkeys\n',
      '"collections.OrderedDict.fromkeys"',
    ],
    ['a name from the prototype', 'cconstructor\nprototype\n', '"constructor.prototype"'],
    ['an instance of a class', '(ios\nsystem\n', 'operation 0x69'],
    ['an object', '(cos\nsystem\no', '"os.system"'],
    ['an extension code', '\x82\x01', 'operation 0x82'],
    ['a text-mode pickle', 'I1\n', 'operation 0x49'],
    ['a call of a storage class', 'ctorch\nFloatStorage\n)R', 'calls "torch.FloatStorage"'],
    ['a call of a value', 'K\x01)R', 'calls something without a name'],
    ['a call without a tuple', 'ccollections\nOrderedDict\nNR', 'calls "collections.OrderedDict"'],
    ['attributes of a tensor class', 'ctorch\nFloatStorage\n}b', 'no dict'],
    ['a strange persistent id', 'K\x01Q', 'no storage'],
    ['a global by numbers', 'K\x01K\x02\x93', 'something else than text'],
  ])('refuses %s by name', (_what, body, sentence) => {
    expect(() => unpickle(pickle(body, '.'))).toThrow(sentence);
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['no end', 'N'],
    ['half a number', 'J\x01'],
    ['text beyond the end', 'X\xff\xff\xff\xffabc'],
    ['a name without an end', 'cos'],
    ['text that is no UTF-8', 'X\x01\x00\x00\x00\xff.'],
    ['an empty stack', '.'],
    ['a mark that was never set', 't.'],
    ['a dict item without a value', '}(K\x01u.'],
    ['items of a number', 'K\x01K\x02K\x03s.'],
    ['an append to a number', 'K\x01K\x02a.'],
    ['a tuple of too few', 'K\x01\x87.'],
    ['a kept value of nothing', 'q\x01.'],
    ['a value that was not kept', 'h\x01.'],
    ['a value below a mark', 'K\x01(\x85.'],
  ])('refuses a pickle with %s', (_what, body) => {
    expect(() => unpickle(pickle(body))).toThrow(/./);
  });

  it('refuses protocols that it does not know', () => {
    expect(() => unpickle(Buffer.of(0x80, 9, 0x4e, 0x2e))).toThrow('protocol 9');
  });

  it.each<[string, string, string]>([
    [
      'a torch.Size of one tuple',
      `ctorch\nSize\nq\x00(${'N'.repeat(100_000)}t\x85q\x01(${'h\x00h\x01R'.repeat(5000)}t`,
      '128 MiB',
    ],
    [
      'a set of one list',
      `cbuiltins\nset\nq\x00](${'N'.repeat(100_000)}e\x85q\x01(${'h\x00h\x01R'.repeat(5000)}t`,
      '128 MiB',
    ],
    [
      'attributes of one dict',
      `}(${manyItems(60_000)}uq\x01(${'cargparse\nNamespace\n)Rh\x01b'.repeat(3000)}t`,
      '128 MiB',
    ],
    [
      'one long class name',
      `${text('numpy.dtypes')}q\x00${longText('w'.repeat(2 ** 20) + 'DType')}q\x01(${'h\x00h\x01\x93'.repeat(5000)}t`,
      'names a class by 1048593 characters',
    ],
    [
      'equal long keys',
      `}${longText('w'.repeat(2 ** 20))}q\x00Ns${longText('w'.repeat(2 ** 20))}q\x01Ns`,
      'key of 1048576 characters',
    ],
  ])('ends before %s, used again and again, takes all memory or time', (_what, body, sentence) => {
    expect(() => unpickle(pickle(body, '.'))).toThrow(sentence);
  });

  it('reads the longest numbers', () => {
    const bytes = Array.from({ length: 255 }, (_, i) => (i * 7 + 3) % 256);
    const digits = bytes.map((byte) => String.fromCharCode(byte)).join('');
    const value = bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    const signed = bytes[254]! < 128 ? value : value - 256n ** 255n;
    expect(unpickle(pickle(`\x8a\xff${digits}.`))).toBe(signed);
  });

  it('needs no more memory for a huge memo index', () => {
    expect(unpickle(pickle('K\x05r\xff\xff\xff\xffj\xff\xff\xff\xff.'))).toBe(5);
  });
});

describe('collectStateDict', () => {
  const tensor = new TorchTensor({ key: '0', type: 'F32', length: 1 }, 0, [1], [1]);
  const dict = (entries: Record<string, PickleValue>): Map<PickleValue, PickleValue> =>
    new Map(Object.entries(entries));

  it('finds the state dict where training scripts put it', () => {
    const state = dict({ 'a.weight': tensor, inner: dict({ b: tensor }), epochs: 3 });
    const names = ['a.weight', 'inner.b'];
    expect([...collectStateDict(state).keys()]).toEqual(names);
    for (const wrapper of ['model', 'module', 'state_dict']) {
      const checkpoint = dict({ steps: 1, optimizer: dict({ state: tensor }), [wrapper]: state });
      expect([...collectStateDict(checkpoint).keys()]).toEqual(names);
      expect([...collectStateDict(checkpoint, 'optimizer').keys()]).toEqual(['state']);
    }
    expect([
      ...collectStateDict(dict({ trainer: dict({ vae: state }) }), 'trainer.vae').keys(),
    ]).toEqual(names);
  });

  it('says what there is when the key is wrong', () => {
    const checkpoint = dict({ steps: 1, net: dict({ a: tensor }) });
    expect(() => collectStateDict(checkpoint, 'model')).toThrow(
      'no dict "model", and its keys are steps, net',
    );
    expect(() => collectStateDict(dict({ steps: 1 }))).toThrow('holds no tensors');
    expect(() => collectStateDict(3)).toThrow('no dict of tensors');
  });

  it('ends on dicts that hold themselves or unfold endlessly', () => {
    const endless = dict({ a: tensor });
    endless.set('self', endless);
    expect(() => collectStateDict(endless)).toThrow('nested deeper');
    let bomb = dict({ a: tensor });
    for (let level = 0; level < 20; level++) {
      bomb = dict(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, bomb])));
    }
    expect(() => collectStateDict(bomb)).toThrow('more than 50000 tensors');
    const sparse = unpickle(pickle('ctorch._utils\n_rebuild_qtensor\n)R.'));
    let blocked = dict({ a: sparse });
    for (let level = 0; level < 20; level++) blocked = dict({ l: blocked, r: blocked });
    expect(() => collectStateDict(blocked)).toThrow('more than 50000 tensors');
    // What holds no tensors is looked at once.
    let barren = dict({ a: 1 });
    for (let level = 0; level < 20; level++) {
      barren = dict(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, barren])));
    }
    expect([...collectStateDict(dict({ barren, b: tensor })).keys()]).toEqual(['b']);
  });

  it('refuses two tensors of one name', () => {
    const ambiguous = dict({ 'a.b': tensor, a: dict({ b: tensor }) });
    expect(() => collectStateDict(ambiguous)).toThrow('two tensors "a.b"');
  });
});
