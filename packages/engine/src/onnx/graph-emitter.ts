import type {
  ElementType,
  ExternalData,
  OnnxAttribute,
  OnnxGraph,
  OnnxNode,
  OnnxTensor,
  OnnxValueInfo,
} from './model';

/** Reserved: no key of a program can collide with generated names. */
const PREFIX = '%';

/** Attribute values by their TypeScript types: integers, lists of integers, strings. */
type PlainAttribute = number | readonly number[] | string | OnnxAttribute;

/** Collects the nodes and initializers of an ONNX graph; equal initializers are one. */
export class GraphEmitter {
  private readonly nodes: OnnxNode[] = [];
  private readonly initializers: OnnxTensor[] = [];
  private readonly shared = new Map<string, string>();
  private next = 0;

  /**
   * `outer`: names and initializers are those of the enclosing graph. Initializers of more than
   * `largestInside` bytes become external data.
   */
  constructor(
    private readonly outer?: GraphEmitter,
    private readonly largestInside = Infinity,
  ) {}

  /** Data of the initializers that the model only refers to. */
  externalData(): ExternalData[] {
    return this.initializers.flatMap(({ location: path, bytes: data }) =>
      path === undefined ? [] : [{ path, data }],
    );
  }

  /** A name that nothing else has. */
  name(): string {
    return this.outer ? this.outer.name() : `${PREFIX}${this.next++}`;
  }

  /** Appends a node and returns the names of its outputs. */
  nodeOutputs(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, PlainAttribute>> = {},
    outputs: number | readonly string[] = 1,
    domain = '',
  ): readonly string[] {
    const names =
      typeof outputs === 'number' ? Array.from({ length: outputs }, () => this.name()) : outputs;
    this.nodes.push({
      op,
      domain,
      inputs,
      outputs: names,
      attributes: Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [name, toAttribute(op, name, value)]),
      ),
    });
    return names;
  }

  /** Appends a node with one output and returns its name. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, PlainAttribute>> = {},
    domain = '',
  ): string {
    return this.nodeOutputs(op, inputs, attributes, 1, domain)[0]!;
  }

  /** A list of int64, as shapes, axes and positions are given. */
  int64(values: readonly number[]): string {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.sharedInitializer([values.length], 'int64', bytes, values.join());
  }

  /** A scalar. */
  scalar(value: number, type: 'float32' | 'int32' | 'bool' | 'int64'): string {
    const data = {
      float32: () => Float32Array.of(value),
      int32: () => Int32Array.of(value),
      int64: () => BigInt64Array.of(BigInt(value)),
      bool: () => Uint8Array.of(value),
    }[type]();
    const key = Object.is(value, -0) ? '-0' : String(value);
    return this.sharedInitializer([], type, new Uint8Array(data.buffer), key);
  }

  /** An array; `data` is referred to, not copied. */
  initializer(
    shape: readonly number[],
    type: ElementType,
    data: Float32Array | Int32Array | Uint8Array,
  ): string {
    if (this.outer) return this.outer.initializer(shape, type, data);
    const name = this.name();
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const location =
      bytes.length > this.largestInside ? `constant-${this.initializers.length}` : undefined;
    this.initializers.push({ name, shape, type, bytes, location });
    return name;
  }

  finish(
    name: string,
    inputs: readonly OnnxValueInfo[],
    outputs: readonly OnnxValueInfo[],
  ): OnnxGraph {
    return { name, nodes: this.nodes, initializers: this.initializers, inputs, outputs };
  }

  private sharedInitializer(
    shape: readonly number[],
    type: ElementType,
    bytes: Uint8Array,
    content: string,
  ): string {
    if (this.outer) return this.outer.sharedInitializer(shape, type, bytes, content);
    const key = `${type}[${shape.join()}]${content}`;
    let name = this.shared.get(key);
    if (name === undefined) {
      name = this.initializer(shape, type, bytes);
      this.shared.set(key, name);
    }
    return name;
  }
}

/** @throws RangeError where an integer is none: the encoding would make another number of it. */
function toAttribute(op: string, name: string, value: PlainAttribute): OnnxAttribute {
  const attribute: OnnxAttribute =
    typeof value === 'number'
      ? { kind: 'int', value }
      : typeof value === 'string'
        ? { kind: 'string', value }
        : 'kind' in value
          ? value
          : { kind: 'ints', value };
  const { kind } = attribute;
  const integers = kind === 'int' ? [attribute.value] : kind === 'ints' ? attribute.value : [];
  for (const integer of integers) {
    if (Number.isSafeInteger(integer)) continue;
    throw new RangeError(`The attribute "${name}" of ${op} must be whole numbers, not ${integer}.`);
  }
  return attribute;
}
