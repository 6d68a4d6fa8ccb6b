import { Writer } from 'protobufjs/minimal';

/** ONNX element types (TensorProto.DataType). */
export const ELEMENT_TYPE = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof ELEMENT_TYPE;

/** An initializer: little-endian row-major bytes. */
export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
  readonly bytes: Uint8Array;
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

/** Name, type and shape of an input or output of a graph. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
}

const IR_VERSION = 10;
const OPSET = 20;
/** AttributeProto.AttributeType. */
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;
const WIRE = { varint: 0, bytes: 2, fixed32: 5 } as const;

const tag = (field: number, wire: number): number => (field << 3) | wire;

/**
 * The model as ONNX's protocol buffer (onnx.proto3; opset 20 plus the `com.microsoft` contributed
 * operators that ONNX Runtime has).
 */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const writer = Writer.create();
  writer.uint32(tag(1, WIRE.varint)).int64(IR_VERSION);
  writer.uint32(tag(2, WIRE.bytes)).string('ar-distill');
  message(writer, 7, () => writeGraph(writer, graph));
  for (const [domain, version] of [
    ['', OPSET],
    ['com.microsoft', 1],
  ] as const) {
    message(writer, 8, () => {
      writer.uint32(tag(1, WIRE.bytes)).string(domain);
      writer.uint32(tag(2, WIRE.varint)).int64(version);
    });
  }
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

function writeTensor(writer: Writer, { name, shape, type, bytes }: OnnxTensor): void {
  for (const size of shape) writer.uint32(tag(1, WIRE.varint)).int64(size);
  writer.uint32(tag(2, WIRE.varint)).int32(ELEMENT_TYPE[type]);
  writer.uint32(tag(8, WIRE.bytes)).string(name);
  writer.uint32(tag(9, WIRE.bytes)).bytes(bytes);
}

function writeValueInfo(writer: Writer, { name, type, shape }: OnnxValueInfo): void {
  writer.uint32(tag(1, WIRE.bytes)).string(name);
  message(writer, 2, () => {
    message(writer, 1, () => {
      writer.uint32(tag(1, WIRE.varint)).int32(ELEMENT_TYPE[type]);
      message(writer, 2, () => {
        for (const size of shape) {
          message(writer, 1, () => writer.uint32(tag(1, WIRE.varint)).int64(size));
        }
      });
    });
  });
}
