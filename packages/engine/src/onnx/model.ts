import { Writer } from 'protobufjs/minimal';

/** ONNX element types (TensorProto.DataType). */
export const ELEMENT_TYPE = {
  float32: 1,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
} as const;
export type ElementType = keyof typeof ELEMENT_TYPE;

/** An initializer: little-endian row-major bytes. */
export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
  readonly bytes: Uint8Array;
  /** Name of the file that holds the bytes instead of the model, from `offset` (default 0) on. */
  readonly location?: string | undefined;
  readonly offset?: number;
}

export type OnnxAttribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'graph'; readonly value: OnnxGraph };

export interface OnnxNode {
  readonly op: string;
  /** Empty for the standard operators. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** Name, type and shape of an input or output of a graph; a size of any value has a name. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
}

/** Bytes that a model refers to under a path: given to the session beside the model. */
export interface ExternalData {
  readonly path: string;
  readonly data: Uint8Array;
}

const IR_VERSION = 10;
const OPSET = 20;
/** Operators that ONNX Runtime adds, and their version. */
const CONTRIBUTED = ['com.microsoft', 1] as const;
/** AttributeProto.AttributeType. */
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;
/** TensorProto.DataLocation. */
const EXTERNAL = 1;
const WIRE = { varint: 0, bytes: 2, fixed32: 5 } as const;

const tag = (field: number, wire: number): number => (field << 3) | wire;

/** Protocol buffers end there. */
const LARGEST_MODEL = 2 ** 31 - 1;

/** What a model says beside its graph. */
export interface ModelOptions {
  /** Declare the standard operators alone, not those that ONNX Runtime adds; default false. */
  readonly standardOperators?: boolean;
  /** Texts by their keys. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The model as ONNX's protocol buffer (onnx.proto3; opset 20, and unless it is left out the
 * `com.microsoft` contributed operators that ONNX Runtime has).
 * @throws RangeError when the constants inside of it do not fit.
 */
export function encodeModel(
  graph: OnnxGraph,
  { standardOperators = false, metadata = {} }: ModelOptions = {},
): Uint8Array {
  const inside = graph.initializers.filter(({ location }) => location === undefined);
  const size = inside.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (size > LARGEST_MODEL) {
    throw new RangeError(
      `The constants of "${graph.name}" take ${(size / 2 ** 30).toFixed(1)} GiB, more than the 2 GiB of a model: make them external data or state.`,
    );
  }
  const writer = Writer.create();
  writer.uint32(tag(1, WIRE.varint)).int64(IR_VERSION);
  writer.uint32(tag(2, WIRE.bytes)).string('ar-distill');
  message(writer, 7, () => writeGraph(writer, graph));
  const operators = [['', OPSET] as const, ...(standardOperators ? [] : [CONTRIBUTED])];
  for (const [domain, version] of operators) {
    message(writer, 8, () => {
      writer.uint32(tag(1, WIRE.bytes)).string(domain);
      writer.uint32(tag(2, WIRE.varint)).int64(version);
    });
  }
  for (const entry of Object.entries(metadata))
    message(writer, 14, () => writeEntry(writer, entry));
  return writer.finish();
}

function message(writer: Writer, field: number, write: () => void): void {
  writer.uint32(tag(field, WIRE.bytes)).fork();
  write();
  writer.ldelim();
}

function writeGraph(writer: Writer, graph: OnnxGraph): void {
  for (const node of graph.nodes) message(writer, 1, () => writeNode(writer, node));
  writer.uint32(tag(2, WIRE.bytes)).string(graph.name);
  for (const tensor of graph.initializers) message(writer, 5, () => writeTensor(writer, tensor));
  for (const info of graph.inputs) message(writer, 11, () => writeValueInfo(writer, info));
  for (const info of graph.outputs) message(writer, 12, () => writeValueInfo(writer, info));
}

function writeNode(writer: Writer, { op, domain, inputs, outputs, attributes }: OnnxNode): void {
  for (const name of inputs) writer.uint32(tag(1, WIRE.bytes)).string(name);
  for (const name of outputs) writer.uint32(tag(2, WIRE.bytes)).string(name);
  writer.uint32(tag(3, WIRE.bytes)).string(outputs[0] ?? '');
  writer.uint32(tag(4, WIRE.bytes)).string(op);
  for (const [name, attribute] of Object.entries(attributes)) {
    message(writer, 5, () => writeAttribute(writer, name, attribute));
  }
  if (domain !== '') writer.uint32(tag(7, WIRE.bytes)).string(domain);
}

function writeAttribute(writer: Writer, name: string, attribute: OnnxAttribute): void {
  writer.uint32(tag(1, WIRE.bytes)).string(name);
  switch (attribute.kind) {
    case 'float':
      writer.uint32(tag(2, WIRE.fixed32)).float(attribute.value);
      break;
    case 'int':
      writer.uint32(tag(3, WIRE.varint)).int64(attribute.value);
      break;
    case 'string':
      writer.uint32(tag(4, WIRE.bytes)).string(attribute.value);
      break;
    case 'graph':
      message(writer, 6, () => writeGraph(writer, attribute.value));
      break;
    case 'ints':
      for (const value of attribute.value) writer.uint32(tag(8, WIRE.varint)).int64(value);
      break;
  }
  writer.uint32(tag(20, WIRE.varint)).int32(ATTRIBUTE_TYPE[attribute.kind]);
}

function writeTensor(
  writer: Writer,
  { name, shape, type, bytes, location, offset = 0 }: OnnxTensor,
): void {
  for (const size of shape) writer.uint32(tag(1, WIRE.varint)).int64(size);
  writer.uint32(tag(2, WIRE.varint)).int32(ELEMENT_TYPE[type]);
  writer.uint32(tag(8, WIRE.bytes)).string(name);
  if (location === undefined) {
    writer.uint32(tag(9, WIRE.bytes)).bytes(bytes);
    return;
  }
  for (const [key, value] of Object.entries({ location, offset, length: bytes.length })) {
    message(writer, 13, () => writeEntry(writer, [key, String(value)]));
  }
  writer.uint32(tag(14, WIRE.varint)).int32(EXTERNAL);
}

/** A text under a key (StringStringEntryProto). */
function writeEntry(writer: Writer, [key, value]: readonly [string, string]): void {
  writer.uint32(tag(1, WIRE.bytes)).string(key);
  writer.uint32(tag(2, WIRE.bytes)).string(value);
}

function writeValueInfo(writer: Writer, { name, type, shape }: OnnxValueInfo): void {
  writer.uint32(tag(1, WIRE.bytes)).string(name);
  message(writer, 2, () => {
    message(writer, 1, () => {
      writer.uint32(tag(1, WIRE.varint)).int32(ELEMENT_TYPE[type]);
      message(writer, 2, () => {
        for (const size of shape) {
          message(writer, 1, () =>
            typeof size === 'number'
              ? writer.uint32(tag(1, WIRE.varint)).int64(size)
              : writer.uint32(tag(2, WIRE.bytes)).string(size),
          );
        }
      });
    });
  });
}
