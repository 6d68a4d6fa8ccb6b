# Distilled Decoding 1 (arXiv 2412.17153): the flow map of a teacher, by its transformer with two heads.


class VectorHead(nn.Module):
    """`FinalLayer` of dd.py: hidden [B, n, D] and class embeddings [B, D] -> code vectors [B, n, C]."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.scale_shift_table = nn.Parameter(torch.zeros(2, width))
        self.linear = nn.Linear(width, channels)

    def forward(self, hidden: Tensor, class_embedding: Tensor) -> Tensor:
        shift, scale = (class_embedding[:, None] + self.scale_shift_table).chunk(2, dim=1)
        return self.linear(modulated(hidden, shift, scale))


class FlowMapGenerator(SequenceGenerator):
    """`DD_Model` and `DDTransformer` of dd.py (github.com/microsoft/distilled_decoding).

    The network reads all n tokens, noise or data, behind a class token, which counts as data. A position
    emits the code of the highest score or a vector. A family adds its transformer and what raises here.
    """

    def __init__(self, architecture: Config, length: int) -> None:
        super().__init__()
        width, channels = architecture["width"], architecture["channels"]
        self.noise_shape = (length, channels)
        self.code_scale: float = architecture["codeScale"]
        self.n_d_embed = nn.Embedding(2, width)  # noise, data
        self.final_layer_conti = VectorHead(width, channels)
        # Scaled codes; where one is emitted, and what a second evaluation keeps of the first.
        codebook = (architecture["vocabSize"], channels)
        emitted = {"codebook": codebook, "isCode": (length,), "isKept": (length,)}
        self.emitted = nn.ParameterDict({name: torch.zeros(shape) for name, shape in emitted.items()})

    @property
    def step_counts(self) -> tuple[int, ...]:
        return (1, 2) if self.emitted["isKept"].any() else (1,)

    def class_embedding(self, labels: Tensor) -> Tensor:
        """labels [B] -> [B, D]."""
        raise NotImplementedError

    def hidden(self, class_embedding: Tensor, codes: Tensor, kinds: Tensor) -> Tensor:
        """What the last block says of the class and of `codes` [B, n, C], not scaled: [B, 1 + n, D].

        `kinds` [1 + n] are rows of `n_d_embed`.
        """
        raise NotImplementedError

    def scores(self, hidden: Tensor, class_embedding: Tensor) -> Tensor:
        """The final norm and the classifier of the teacher: hidden [B, n, D] -> [B, n, V]."""
        raise NotImplementedError

    def emit(self, tokens: Tensor, is_data: Tensor, labels: Tensor) -> Tensor:
        """Scaled tokens [B, n, C], data where `is_data` [n] is 1 -> what they map to, in one evaluation."""
        embedding = self.class_embedding(labels)
        kinds = F.pad(is_data, (1, 0), value=1).long()
        hidden = self.hidden(embedding, tokens / self.code_scale, kinds)[:, 1:]
        codes = self.emitted["codebook"][self.scores(hidden, embedding).argmax(-1)]
        vectors = self.final_layer_conti(hidden, embedding) * self.code_scale
        return torch.where(self.emitted["isCode"][:, None] == 1, codes, vectors)

    def forward(self, noise: Tensor, labels: Tensor, guidance: Tensor | None = None) -> Tensor:
        return self.emit(noise, torch.zeros_like(self.emitted["isKept"]), labels) / self.code_scale

    def in_two(self, noise: Tensor, labels: Tensor) -> Tensor:
        is_data = self.emitted["isKept"]
        is_kept = is_data[:, None] == 1
        first = self.emit(noise, torch.zeros_like(is_data), labels)
        second = self.emit(torch.where(is_kept, first, noise), is_data, labels)
        return torch.where(is_kept, first, second) / self.code_scale
