class LlamagenGenerator(LlamagenTransformer, OneStepGenerator):
    """`Transformer` of gpt.py with a diffusion head, and an MLP where that has a table of tokens."""

    def __init__(self, architecture: Config, guidance: Range | None) -> None:
        super().__init__(architecture, guidance, classifier="output", bias=False)
        width, channels = architecture["width"], architecture["channels"]
        self.noise_shape = (architecture["gridSize"] ** 2, channels)
        self.continuous_embedding = nn.ModuleDict(
            {"fc1": nn.Linear(channels, 4 * width), "fc2": nn.Linear(4 * width, width)}
        )
        self.add_transformer(architecture)
        if self.kept:
            self.quantize = Codebook(architecture)

    def codes(self) -> Tensor:
        return self.quantize.codes()

    def features(self, noise: Tensor, labels: Tensor) -> Tensor:
        mlp = self.continuous_embedding
        hidden = F.gelu(mlp["fc1"](noise[:, :-1] / self.code_scale), approximate="tanh")
        return self.norm(self.run(self.class_embedding(labels), mlp["fc2"](hidden)))


class LlamagenImageModel(ImageModel):
    generator_class = LlamagenGenerator
    tokenizer_class = LlamagenTokenizer


if __name__ == "__main__":
    main(LlamagenImageModel)
