import type { ElementType } from '../element-types';

/** Element types by the names that `torch.dtype` has. */
const DTYPES: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ['float64', 'F64'],
  ['float32', 'F32'],
  ['float16', 'F16'],
  ['bfloat16', 'BF16'],
  ['int64', 'I64'],
  ['int32', 'I32'],
  ['int16', 'I16'],
  ['int8', 'I8'],
  ['uint8', 'U8'],
  ['bool', 'BOOL'],
]);

/** The `torch.dtype` of every class of storages. */
const STORAGE_CLASSES: ReadonlyMap<string, string> = new Map([
  ['DoubleStorage', 'float64'],
  ['FloatStorage', 'float32'],
  ['HalfStorage', 'float16'],
  ['BFloat16Storage', 'bfloat16'],
  ['LongStorage', 'int64'],
  ['IntStorage', 'int32'],
  ['ShortStorage', 'int16'],
  ['CharStorage', 'int8'],
  ['ByteStorage', 'uint8'],
  ['BoolStorage', 'bool'],
  ['ComplexFloatStorage', 'complex64'],
  ['ComplexDoubleStorage', 'complex128'],
  ['QInt8Storage', 'qint8'],
  ['QUInt8Storage', 'quint8'],
  ['QInt32Storage', 'qint32'],
  ['QUInt4x2Storage', 'quint4x2'],
  ['QUInt2x4Storage', 'quint2x4'],
]);

/** Bytes whose element type stands beside them, in `_rebuild_tensor_v3`. */
export const UNTYPED_STORAGE = 'torch.storage.UntypedStorage';

const PREFIX = 'torch.';
const DTYPE = /^(?:bool|bfloat16|(?:float|complex|q?u?int|bits)\d\w*)$/;

/** The name of the `torch.dtype` that `torch.float32` names; undefined for anything else. */
export function dtypeName(global: string): string | undefined {
  const name = global.startsWith(PREFIX) ? global.slice(PREFIX.length) : '';
  return DTYPE.test(name) ? name : undefined;
}

/** The name of the `torch.dtype` of a class of storages, by its Python name; undefined for others. */
export function storageDtype(global: string): string | undefined {
  return global.startsWith(PREFIX) ? STORAGE_CLASSES.get(global.slice(PREFIX.length)) : undefined;
}

/** The element type of a `torch.dtype`; undefined when it is not read. */
export function elementTypeOf(dtype: string): ElementType | undefined {
  return DTYPES.get(dtype);
}
