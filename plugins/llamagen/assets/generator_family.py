# LlamaGen (github.com/FoundationVision/LlamaGen): next-token prediction. An AR step is a token, in raster order.


class RmsNorm(nn.Module):
    """`RMSNorm` of gpt.py."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.epsilon) * self.weight


def rotary_table(side: int, head_width: int, base: float) -> Tensor:
    """`precompute_freqs_cis_2d` of gpt.py: unit complex numbers [n + 1, d / 2], the class token's zero."""
    quarter = head_width // 4
    frequencies = base ** -(torch.arange(quarter, dtype=torch.float64) / quarter)
    angles = torch.arange(side, dtype=torch.float64)[:, None] * frequencies
    rows = angles[:, None].expand(side, side, quarter)
    columns = angles[None].expand(side, side, quarter)
    grid = torch.cat([rows, columns], dim=-1).flatten(0, 1)
    turns = torch.polar(torch.ones_like(grid), grid)
    return torch.cat([torch.zeros_like(turns[:1]), turns]).to(torch.complex64)


def rotate(x: Tensor, turns: Tensor) -> Tensor:
    """Neighbouring channels of x [B, heads, T, d] as complex numbers times `turns` [T, d / 2]."""
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * turns).flatten(-2)


class Attention(nn.Module):
    """`Attention` of gpt.py; heads may share keys and values."""

    def __init__(self, architecture: Config) -> None:
        super().__init__()
        width, self.heads = architecture["width"], architecture["heads"]
        self.shared_heads: int = architecture.get("keyValueHeads") or self.heads
        self.head_width: int = width // self.heads
        self.wqkv = nn.Linear(width, width + 2 * self.head_width * self.shared_heads, bias=False)
        self.wo = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, turns: Tensor) -> Tensor:
        heads = [self.heads, self.shared_heads, self.shared_heads]
        split = self.wqkv(x).unflatten(-1, (-1, self.head_width)).split(heads, dim=2)
        q, k, v = (part.transpose(1, 2) for part in split)
        q, k = rotate(q, turns), rotate(k, turns)
        k, v = (part.repeat_interleave(self.heads // self.shared_heads, dim=1) for part in (k, v))
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.wo(attended.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    """SwiGLU of gpt.py."""

    def __init__(self, architecture: Config) -> None:
        super().__init__()
        width, multiple = architecture["width"], architecture["multipleOf"]
        hidden = math.floor(architecture["feedForwardMultiplier"] * (8 * width // 3))
        hidden = math.ceil(hidden / multiple) * multiple
        self.w1 = nn.Linear(width, hidden, bias=False)
        self.w3 = nn.Linear(width, hidden, bias=False)
        self.w2 = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Block(nn.Module):
    """`TransformerBlock` of gpt.py."""

    def __init__(self, architecture: Config) -> None:
        super().__init__()
        width, epsilon = architecture["width"], architecture["normEpsilon"]
        self.attention_norm, self.ffn_norm = RmsNorm(width, epsilon), RmsNorm(width, epsilon)
        self.attention = Attention(architecture)
        self.feed_forward = FeedForward(architecture)

    def forward(self, x: Tensor, turns: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x), turns)
        return x + self.feed_forward(self.ffn_norm(x))


class Codebook(nn.Module):
    """`VectorQuantizer` of vq_model.py, whose codes have unit length."""

    def __init__(self, architecture: Config) -> None:
        super().__init__()
        self.embedding = nn.Embedding(architecture["vocabSize"], architecture["channels"])

    def codes(self) -> Tensor:
        return F.normalize(self.embedding.weight, dim=-1)


class LlamagenTransformer(nn.Module):
    """`Transformer` of gpt.py without embedding of tokens and head, for the generators that stand on it."""

    def add_transformer(self, architecture: Config) -> None:
        width, side = architecture["width"], architecture["gridSize"]
        table = nn.Embedding(architecture["numClasses"] + 1, width)
        self.cls_embedding = nn.ModuleDict({"embedding_table": table})
        self.layers = nn.ModuleList(Block(architecture) for _ in range(architecture["depth"]))
        self.norm = RmsNorm(width, architecture["normEpsilon"])
        self.turns: Tensor
        turns = rotary_table(side, width // architecture["heads"], architecture["ropeBase"])
        self.register_buffer("turns", turns, persistent=False)

    def class_embedding(self, labels: Tensor) -> Tensor:
        return self.cls_embedding["embedding_table"](labels)

    def run(self, class_embedding: Tensor, tokens: Tensor) -> Tensor:
        """Class token [B, D] and embedded tokens [B, T, D] behind it through all blocks -> [B, 1 + T, D]."""
        x = torch.cat([class_embedding[:, None], tokens], dim=1)
        for block in self.layers:
            x = block(x, self.turns[: x.shape[1]])
        return x


class LlamagenTokenizer(nn.Module):
    """The decoding half of `VQModel` (vq_model.py)."""

    def __init__(self, architecture: Config) -> None:
        super().__init__()
        sizes, self.side = architecture["tokenizer"], architecture["gridSize"]
        names = DecoderNames("conv_blocks", "res", ("0", "1", "2"), joined=False, in_order=True)
        self.quantize = Codebook(architecture)
        self.post_quant_conv = nn.Conv2d(architecture["channels"], sizes["latentChannels"], 1)
        self.decoder = Decoder(sizes, sizes["latentChannels"], names)

    def codes(self) -> Tensor:
        return self.quantize.codes()

    def forward(self, sequence: Tensor) -> Tensor:
        """Code vectors [B, n, C] -> images [B, channels, H, W], not clipped to [-1, 1]."""
        grid = sequence.mT.unflatten(2, (self.side, self.side))
        return self.decoder(self.post_quant_conv(grid))
