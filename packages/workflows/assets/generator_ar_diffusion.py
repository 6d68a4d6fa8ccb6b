# Conditional score distillation: the AR-diffusion network of a family as a generator.

FREQUENCIES = 256


class TimestepMlp(nn.Module):
    """`TimestepEmbedder` of MAR's diffloss.py on 1000·t: t [N] in [0, 1] -> [N, width]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, t: Tensor) -> Tensor:
        half = FREQUENCIES // 2
        frequencies = torch.exp(-math.log(10_000) * torch.arange(half, device=t.device) / half)
        angles = 1000 * t[:, None] * frequencies
        return self.mlp(torch.cat([angles.cos(), angles.sin()], dim=1))


class HeadBlock(nn.Module):
    """`ResBlock` of diffloss.py."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.in_ln = nn.LayerNorm(width, eps=EPSILON)
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.adaLN_modulation = modulation(width, 3)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        shift, scale, gate = self.adaLN_modulation(condition).chunk(3, dim=-1)
        return x + gate * self.mlp(self.in_ln(x) * (1 + scale) + shift)


class DiffusionHead(nn.Module):
    """`SimpleMLPAdaLN` of diffloss.py at t = 1: features [B, n, D], noise [B, n, C] -> velocity [B, n, C]."""

    def __init__(self, channels: int, features: int, width: int, depth: int) -> None:
        super().__init__()
        last = {"adaLN_modulation": modulation(width, 2), "linear": nn.Linear(width, channels)}
        layers = {
            "time_embed": TimestepMlp(width),
            "cond_embed": nn.Linear(features, width),
            "input_proj": nn.Linear(channels, width),
            "res_blocks": nn.ModuleList(HeadBlock(width) for _ in range(depth)),
            "final_layer": nn.ModuleDict(last),
        }
        self.net = nn.ModuleDict(layers)

    def forward(self, features: Tensor, noise: Tensor) -> Tensor:
        net = self.net
        condition = net["time_embed"](noise.new_ones(1)) + net["cond_embed"](features)
        x = net["input_proj"](noise)
        for block in net["res_blocks"]:
            x = block(x, condition)
        last = net["final_layer"]
        return last["linear"](modulated(x, *last["adaLN_modulation"](condition).chunk(2, dim=-1)))


class OneStepGenerator(SequenceGenerator):
    """Distilled Decoding 2, appendix E.1: q_i = ε_i − v(ε_i, t = 1 | features of the ε of earlier AR steps).

    A family adds the modules of its backbone, `features` and `codes`. With `keepClassifier` the teacher's
    classifier stands in the head's place, and a step emits the expected code.
    """

    def __init__(self, architecture: Config, guidance: Range | None, classifier: str, bias: bool) -> None:
        super().__init__()
        width, channels = architecture["width"], architecture["channels"]
        self.code_scale: float = architecture["codeScale"]
        self.guidance = guidance
        self.guidance_embed = None if guidance is None else TimestepMlp(width)
        self.kept = classifier if architecture.get("keepClassifier") else None
        if self.kept:
            self.add_module(classifier, nn.Linear(width, architecture["vocabSize"], bias=bias))
        else:
            head_width = architecture.get("headWidth") or width
            self.head = DiffusionHead(channels, width, head_width, architecture["headDepth"])

    def features(self, noise: Tensor, labels: Tensor) -> Tensor:
        """noise [B, n, C] and labels [B] -> [B, n, D]; a position sees earlier AR steps alone."""
        raise NotImplementedError

    def codes(self) -> Tensor:
        """[V, C], not scaled."""
        raise NotImplementedError

    def forward(self, noise: Tensor, labels: Tensor, guidance: Tensor | None = None) -> Tensor:
        features = self.features(noise, labels)
        if self.guidance is not None and self.guidance_embed is not None:
            if guidance is None:
                raise ValueError("This generator takes guidance scales [B].")
            lowest, highest = self.guidance
            features = features + self.guidance_embed((guidance - lowest) / (highest - lowest))[:, None]
        if self.kept:
            return self.get_submodule(self.kept)(features).softmax(-1) @ self.codes()
        return (noise - self.head(features, noise)) / self.code_scale
