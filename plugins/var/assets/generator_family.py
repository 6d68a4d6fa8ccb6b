# VAR (github.com/FoundationVision/VAR): next-scale prediction. An AR step is the token map of a scale.


class Quantizer(nn.Module):
    """`VectorQuantizer2` of VAR's quant.py: every scale adds φ(its up-sampled map) to the latent."""

    def __init__(self, architecture: Config) -> None:
        super().__init__()
        self.patch_nums: list[int] = architecture["patchNums"]
        channels, phi = architecture["channels"], architecture["phi"]
        self.embedding = nn.Embedding(architecture["vocabSize"], channels)
        self.ratio: float = phi["ratio"] if phi["ratio"] > 1e-6 else 0.0
        if self.ratio > 0:
            kernel, count = phi["kernel"], phi["layers"] or len(self.patch_nums)
            layers = nn.ModuleList(
                nn.Conv2d(channels, channels, kernel, padding=kernel // 2) for _ in range(count)
            )
            self.phis = list(layers)
            # The official modules: one per scale, one for all, or some that neighbours share.
            shared = {"qresi": layers[0]} if count == 1 else {"qresi_ls": layers}
            self.quant_resi = nn.ModuleDict(shared) if phi["layers"] > 0 else layers

    def phi(self, scale: int, latent: Tensor) -> Tensor:
        if self.ratio == 0:
            return latent
        # The layer whose tick is nearest (`PhiPartiallyShared`); four ticks are spaced in another way.
        count = len(self.phis)
        margin = 1 / 3 / count if count == 4 else 1 / 2 / count
        ticks = np.linspace(margin, 1 - margin, count)
        place = scale / max(1, len(self.patch_nums) - 1)
        chosen = self.phis[int(np.argmin(np.abs(ticks - place)))]
        return latent * (1 - self.ratio) + chosen(latent) * self.ratio

    def latents(self, sequence: Tensor) -> list[Tensor]:
        """Code vectors [B, n, C] of all scales -> the latent [B, C, P, P] after each of them."""
        side, found = self.patch_nums[-1], list[Tensor]()
        for scale, part in enumerate(self.maps(sequence)):
            if part.shape[-1] != side:
                part = F.interpolate(part, size=(side, side), mode="bicubic")
            added = self.phi(scale, part)
            found.append(found[-1] + added if found else added)
        return found

    def maps(self, sequence: Tensor) -> list[Tensor]:
        """[B, n, C] -> the token map [B, C, p, p] of every scale."""
        parts = sequence.split([side * side for side in self.patch_nums], dim=1)
        return [part.mT.unflatten(2, (side, side)) for side, part in zip(self.patch_nums, parts, strict=True)]


class Attention(nn.Module):
    """`SelfAttention` of basic_var.py."""

    def __init__(self, architecture: Config) -> None:
        super().__init__()
        width, self.heads = architecture["width"], architecture["heads"]
        self.mat_qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias, self.v_bias = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width))
        self.proj = nn.Linear(width, width)
        self.l2_norm: bool = architecture["attnL2Norm"]
        if self.l2_norm:
            self.scale_mul_1H11 = nn.Parameter(torch.zeros(1, self.heads, 1, 1))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        bias = torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])
        qkv = F.linear(x, self.mat_qkv.weight, bias).unflatten(-1, (3, self.heads, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        scale = 0.25 / math.sqrt(q.shape[-1])
        if self.l2_norm:
            scale = 1.0
            q = F.normalize(q, dim=-1) * self.scale_mul_1H11.clamp_max(math.log(100)).exp()
            k = F.normalize(k, dim=-1)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale)
        return self.proj(attended.transpose(1, 2).flatten(2))


def six_of(modulation: Tensor) -> Tensor:
    """[B, 6·D] -> [B, 1, 6, D]."""
    return modulation[:, None].unflatten(-1, (6, -1))


class Block(nn.Module):
    """`AdaLNSelfAttn` of basic_var.py."""

    def __init__(self, architecture: Config) -> None:
        super().__init__()
        width = architecture["width"]
        hidden = round(width * architecture["mlpRatio"])
        self.attn = Attention(architecture)
        self.ffn = nn.ModuleDict({"fc1": nn.Linear(width, hidden), "fc2": nn.Linear(hidden, width)})
        if architecture["sharedAdaLn"]:
            self.ada_gss = nn.Parameter(torch.zeros(1, 1, 6, width))
        else:
            self.ada_lin = modulation(width, 6)

    def forward(
        self, x: Tensor, class_embedding: Tensor, shared: Tensor | None, mask: Tensor, added: Tensor
    ) -> Tensor:
        """x [B, T, D]; `added`, broadcast to it, comes between attention and MLP."""
        six = self.ada_gss + shared if shared is not None else six_of(self.ada_lin(class_embedding))
        gate1, gate2, scale1, scale2, shift1, shift2 = six.unbind(2)
        x = x + gate1 * self.attn(modulated(x, shift1, scale1), mask) + added
        hidden = self.ffn["fc1"](modulated(x, shift2, scale2))
        return x + gate2 * self.ffn["fc2"](F.gelu(hidden, approximate="tanh"))


class VarTransformer(nn.Module):
    """`VAR` of var.py without its head, for the generators that stand on it."""

    def add_transformer(self, architecture: Config, patch_nums: list[int]) -> None:
        width, lengths = architecture["width"], [side * side for side in patch_nums]
        self.word_embed = nn.Linear(architecture["channels"], width)
        self.class_emb = nn.Embedding(architecture["numClasses"] + 1, width)
        self.lvl_embed = nn.Embedding(len(lengths), width)
        self.pos_start = nn.Parameter(torch.zeros(1, lengths[0], width))
        self.pos_1LC = nn.Parameter(torch.zeros(1, sum(lengths), width))
        self.shared_ada_lin = modulation(width, 6) if architecture["sharedAdaLn"] else None
        self.blocks = nn.ModuleList(Block(architecture) for _ in range(architecture["depth"]))
        self.head_nm = nn.ModuleDict({"ada_lin": modulation(width, 2)})
        self.steps: Tensor
        steps = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
        self.register_buffer("steps", steps, persistent=False)

    def class_embedding(self, labels: Tensor) -> Tensor:
        return self.class_emb(labels)

    def embed(self, class_embedding: Tensor, inputs: Tensor) -> Tensor:
        """Class embeddings [B, D] and what scales after the first read, [B, T − p₁², C] -> [B, T, D]."""
        x = torch.cat([class_embedding[:, None] + self.pos_start, self.word_embed(inputs)], dim=1)
        return x + self.pos_1LC + self.lvl_embed(self.steps)

    def run(
        self, x: Tensor, class_embedding: Tensor, mask: Tensor, added: list[Tensor] | None = None
    ) -> Tensor:
        """x [B, T, D] through all blocks, where each adds its own of `added`.

        `mask` [T, T] is True where the position of a row sees that of a column.
        """
        shared = None if self.shared_ada_lin is None else six_of(self.shared_ada_lin(class_embedding))
        for block, own in zip(self.blocks, added or [x.new_zeros(1)] * len(self.blocks), strict=True):
            x = block(x, class_embedding, shared, mask, own)
        return x

    def final_norm(self, x: Tensor, class_embedding: Tensor) -> Tensor:
        """`AdaLNBeforeHead` of basic_var.py."""
        scale, shift = self.head_nm["ada_lin"](class_embedding)[:, None].chunk(2, dim=-1)
        return modulated(x, shift, scale)


class VarTokenizer(nn.Module):
    """The decoding half of `VQVAE` (vqvae.py)."""

    def __init__(self, architecture: Config) -> None:
        super().__init__()
        channels = architecture["channels"]
        names = DecoderNames("up", "block", ("block_1", "attn_1", "block_2"), joined=True, in_order=False)
        self.quantize = Quantizer(architecture)
        self.post_quant_conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.decoder = Decoder(architecture["tokenizer"], channels, names)

    def codes(self) -> Tensor:
        """[V, C]."""
        return self.quantize.embedding.weight

    def forward(self, sequence: Tensor) -> Tensor:
        """Code vectors [B, n, C] -> images [B, channels, H, W], not clipped to [-1, 1]."""
        return self.decoder(self.post_quant_conv(self.quantize.latents(sequence)[-1]))
