import { COST, PickleBudget } from './pickle-budget';
import { PickleReader } from './pickle-reader';
import {
  PickleTuple,
  SkippedObject,
  UnreadableTensor,
  type PickleDict,
  type PickleValue,
} from './pickle-values';
import { persistentStorage } from './rebuild-tensor';
import { allowedGlobal, call } from './torch-globals';

/** Newest pickle protocol whose opcodes are known; torch.save writes 2. */
const MAX_PROTOCOL = 5;
/** Several times the name of any tensor. */
const MAX_KEY_LENGTH = 4096;
/** Stands for all bytes of a pickle, which are not kept. */
const BYTES = new SkippedObject('bytes');

/**
 * Reads a pickle as `torch.save` writes it. This is a data reader, not a Python: it knows dicts, lists,
 * tuples, sets, numbers, text and tensors, keeps the names alone of what often lies beside weights, and
 * refuses every other class or function by its name. Time is proportional to the length of the pickle, and
 * memory is bounded.
 * @throws Error with half a sentence ("it …", "the pickle …") that says what is refused.
 */
export function unpickle(bytes: Uint8Array): PickleValue {
  return new Unpickler(bytes).load();
}

class Unpickler {
  readonly #reader: PickleReader;
  readonly #budget = new PickleBudget();
  #stack: PickleValue[] = [];
  /** The stacks below each open mark. */
  readonly #marks: PickleValue[][] = [];
  /** A map, since a hostile pickle may number its entries as it likes. */
  readonly #memo = new Map<number, PickleValue>();

  constructor(bytes: Uint8Array) {
    this.#reader = new PickleReader(bytes);
  }

  load(): PickleValue {
    for (;;) {
      const opcode = this.#reader.uint8();
      if (opcode === 0x2e /* STOP */) return this.#pop();
      this.#execute(opcode);
    }
  }

  #execute(opcode: number): void {
    const reader = this.#reader;
    switch (opcode) {
      case 0x80 /* PROTO */: {
        const protocol = reader.uint8();
        if (protocol < 2 || protocol > MAX_PROTOCOL) {
          throw new Error(`the pickle has protocol ${protocol}; 2 to ${MAX_PROTOCOL} are read`);
        }
        return;
      }
      case 0x95 /* FRAME */:
        return reader.skip(8);
      case 0x28 /* MARK */:
        this.#budget.spend(COST.list);
        this.#marks.push(this.#stack);
        this.#stack = [];
        return;

      case 0x4e /* NONE */:
        return this.#push(null);
      case 0x88 /* NEWTRUE */:
        return this.#push(true);
      case 0x89 /* NEWFALSE */:
        return this.#push(false);
      case 0x4a /* BININT */:
        return this.#push(reader.int32());
      case 0x4b /* BININT1 */:
        return this.#push(reader.uint8());
      case 0x4d /* BININT2 */:
        return this.#push(reader.uint16());
      case 0x8a /* LONG1 */:
        return this.#pushInteger(reader.uint8());
      case 0x47 /* BINFLOAT */:
        return this.#push(reader.float64());
      case 0x58 /* BINUNICODE */:
        return this.#pushText(reader.uint32());
      case 0x8c /* SHORT_BINUNICODE */:
        return this.#pushText(reader.uint8());
      case 0x8d /* BINUNICODE8 */:
        return this.#pushText(reader.uint64());
      case 0x43 /* SHORT_BINBYTES */:
        return this.#skipBytes(reader.uint8());
      case 0x42 /* BINBYTES */:
        return this.#skipBytes(reader.uint32());
      case 0x8e /* BINBYTES8 */:
      case 0x96 /* BYTEARRAY8 */:
        return this.#skipBytes(reader.uint64());

      case 0x7d /* EMPTY_DICT */:
        this.#budget.spend(COST.dict);
        return this.#push(new Map());
      case 0x73 /* SETITEM */: {
        const value = this.#pop();
        const key = this.#pop();
        setItem(this.#dict(), key, value);
        return;
      }
      case 0x75 /* SETITEMS */: {
        const items = this.#popMark();
        if (items.length % 2 !== 0) throw new Error('the pickle sets a dict item without a value');
        const dict = this.#dict();
        for (let i = 0; i < items.length; i += 2) setItem(dict, items[i]!, items[i + 1]!);
        return;
      }
      case 0x5d /* EMPTY_LIST */:
      case 0x8f /* EMPTY_SET */:
        this.#budget.spend(COST.list);
        return this.#push([]);
      case 0x61 /* APPEND */: {
        const item = this.#pop();
        this.#list().push(item);
        return;
      }
      case 0x65 /* APPENDS */:
      case 0x90 /* ADDITEMS */: {
        const items = this.#popMark();
        const list = this.#list();
        for (const item of items) list.push(item);
        return;
      }
      case 0x91 /* FROZENSET */:
        return this.#push(this.#popMark());
      case 0x29 /* EMPTY_TUPLE */:
        this.#budget.spend(COST.list);
        return this.#push(new PickleTuple([]));
      case 0x85 /* TUPLE1 */:
        return this.#push(this.#popTuple(1));
      case 0x86 /* TUPLE2 */:
        return this.#push(this.#popTuple(2));
      case 0x87 /* TUPLE3 */:
        return this.#push(this.#popTuple(3));
      case 0x74 /* TUPLE */:
        return this.#push(new PickleTuple(this.#popMark()));

      case 0x71 /* BINPUT */:
        return this.#remember(reader.uint8());
      case 0x72 /* LONG_BINPUT */:
        return this.#remember(reader.uint32());
      case 0x94 /* MEMOIZE */:
        return this.#remember(this.#memo.size);
      case 0x68 /* BINGET */:
        return this.#recall(reader.uint8());
      case 0x6a /* LONG_BINGET */:
        return this.#recall(reader.uint32());

      case 0x63 /* GLOBAL */: {
        const module = reader.line();
        return this.#push(allowedGlobal(module, reader.line()));
      }
      case 0x93 /* STACK_GLOBAL */: {
        const name = this.#pop();
        const module = this.#pop();
        if (typeof module !== 'string' || typeof name !== 'string') {
          throw new Error('the pickle names a class by something else than text');
        }
        return this.#push(allowedGlobal(module, name));
      }
      case 0x52 /* REDUCE */:
      case 0x81 /* NEWOBJ */: {
        const args = this.#pop();
        const value = call(this.#pop(), args);
        // A set of many values may be made of one list again and again.
        this.#budget.spend(COST.dict + COST.value * lengthOf(value));
        return this.#push(value);
      }
      case 0x62 /* BUILD */:
        return this.#build(this.#pop());
      case 0x51 /* BINPERSID */:
        return this.#push(persistentStorage(this.#pop()));

      default:
        throw new Error(
          `the pickle has the operation 0x${opcode.toString(16)} at byte ${reader.position - 1}, which no state dict needs and which is therefore refused`,
        );
    }
  }

  /**
   * Attributes of the object on top: those of a Namespace are kept, `_metadata` of a dict and what
   * belongs to something skipped are not.
   */
  #build(state: PickleValue): void {
    const top = this.#stack.at(-1);
    if (top instanceof SkippedObject || top instanceof UnreadableTensor) return;
    const target = this.#dict();
    if (!(state instanceof Map)) throw new Error('the pickle sets attributes in an unknown way');
    if (state.has('_metadata')) return;
    // Many objects may share their attributes.
    this.#budget.spend(2 * COST.value * state.size);
    for (const [key, value] of state) target.set(key, value);
  }

  #push(value: PickleValue): void {
    this.#budget.spend(COST.value);
    this.#stack.push(value);
  }

  #pushText(length: number): void {
    this.#budget.spend(COST.text + length);
    this.#push(this.#reader.utf8(length));
  }

  #pushInteger(length: number): void {
    this.#budget.spend(length);
    this.#push(this.#reader.integer(length));
  }

  #skipBytes(length: number): void {
    this.#reader.skip(length);
    this.#push(BYTES);
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined) throw new Error('the pickle takes a value where there is none');
    return value;
  }

  #popTuple(length: number): PickleTuple {
    if (this.#stack.length < length) throw new Error('the pickle makes a tuple of nothing');
    this.#budget.spend(COST.list);
    return new PickleTuple(this.#stack.splice(-length));
  }

  /** The values above the innermost mark. */
  #popMark(): PickleValue[] {
    const below = this.#marks.pop();
    if (!below) throw new Error('the pickle closes a group that it did not open');
    const items = this.#stack;
    this.#stack = below;
    return items;
  }

  #dict(): PickleDict {
    const target = this.#stack.at(-1);
    // What is put into something skipped is dropped.
    if (target instanceof SkippedObject) return new Map();
    if (!(target instanceof Map))
      throw new Error('the pickle sets items of something that is no dict');
    return target;
  }

  #list(): PickleValue[] {
    const target = this.#stack.at(-1);
    if (target instanceof SkippedObject) return [];
    if (!Array.isArray(target)) throw new Error('the pickle appends to something that is no list');
    return target;
  }

  #remember(index: number): void {
    const value = this.#stack.at(-1);
    if (value === undefined) throw new Error('the pickle keeps a value where there is none');
    this.#budget.spend(COST.memo);
    this.#memo.set(index, value);
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined)
      throw new Error(`the pickle uses entry ${index}, which it did not keep`);
    this.#push(value);
  }
}

/** Long keys are refused, because finding one takes time in proportion to its length. */
function setItem(dict: PickleDict, key: PickleValue, value: PickleValue): void {
  if (typeof key === 'string' && key.length > MAX_KEY_LENGTH) {
    throw new Error(`the pickle has a key of ${key.length} characters: save the state dict alone`);
  }
  dict.set(key, value);
}

/** Values of a list or a tuple. */
function lengthOf(value: PickleValue): number {
  if (value instanceof PickleTuple) return value.items.length;
  return Array.isArray(value) ? value.length : 0;
}
