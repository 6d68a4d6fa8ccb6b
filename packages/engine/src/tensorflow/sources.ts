/** What TensorFlow's libraries are built for; `gpu` computes with CUDA where the machine has it. */
export const TENSORFLOW_VARIANTS = ['cpu', 'gpu'] as const;
export type TensorflowVariant = (typeof TENSORFLOW_VARIANTS)[number];

/** A distribution of PyPI, in one version or a range of versions. */
export interface Requirement {
  readonly distribution: string;
  /** As PyPI writes it: `==2.21.0`, `<13.0,>=12.5`. */
  readonly versions: string;
}

/** A package of npm's registry whose bytes are known. */
export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  /** SHA-512 of the tarball, in base64. */
  readonly sha512: string;
}

/** What a build is made of. */
export interface TensorflowSources {
  readonly variant: TensorflowVariant;
  readonly tensorflow: { readonly distribution: string; readonly version: string };
  /** SHA-256 in hexadecimal digits of the wheel that pip is asked for, by its file name. */
  readonly wheels: Readonly<Record<string, string>>;
  /** The binding between Node and TensorFlow: C++ sources and the kernels of tfjs. */
  readonly binding: PinnedPackage;
  /** What the binding's scripts need beside tfjs. */
  readonly protobuf: PinnedPackage;
  /** Headers of Node's C interface, for where Node has none beside it. */
  readonly nodeHeaders: PinnedPackage;
  /** Whether the libraries of CUDA, which are wheels of their own, belong to it. */
  readonly cuda: boolean;
  /** Bytes on disk that are needed while it is built. */
  readonly room: number;
}

const GIBIBYTE = 2 ** 30;

const COMMON = {
  protobuf: {
    name: 'google-protobuf',
    version: '3.21.4',
    sha512:
      'MnG7N936zcKTco4Jd2PX2U96Kf9PxygAPKBug+74LHzmHXmceN16MmRcdgZv+DGef/S9YvQAfRsNCn4cjf9yyQ==',
  },
  nodeHeaders: {
    name: 'node-api-headers',
    version: '1.9.0',
    sha512:
      '2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==',
  },
} as const;

/** Versions that are known to work with each other. */
export const TENSORFLOW_SOURCES: Readonly<Record<TensorflowVariant, TensorflowSources>> = {
  cpu: {
    ...COMMON,
    variant: 'cpu',
    tensorflow: { distribution: 'tensorflow-cpu', version: '2.21.0' },
    wheels: {
      'tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl':
        'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
    },
    binding: {
      name: '@tensorflow/tfjs-node',
      version: '4.22.0',
      sha512:
        'uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==',
    },
    cuda: false,
    room: 1.5 * GIBIBYTE,
  },
  gpu: {
    ...COMMON,
    variant: 'gpu',
    tensorflow: { distribution: 'tensorflow', version: '2.21.0' },
    wheels: {
      'tensorflow-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl':
        'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
    },
    binding: {
      name: '@tensorflow/tfjs-node-gpu',
      version: '4.22.0',
      sha512:
        'p//NN6DGiN4hInUmIkRffaFVMcdTREUMjPyjW04J7OXvB2zBlQimj61eFKSgRrH3f5TnOfKzb0n56he/B6a4bw==',
    },
    cuda: true,
    room: 10 * GIBIBYTE,
  },
};
