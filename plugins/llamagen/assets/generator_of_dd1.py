class LlamagenFlowMapGenerator(LlamagenTransformer, FlowMapGenerator):
    """`DDTransformer`: the second head reads what comes before the final norm."""

    def __init__(self, architecture: Config, _guidance: None) -> None:
        width, channels = architecture["width"], architecture["channels"]
        super().__init__(architecture, architecture["gridSize"] ** 2)
        self.tok_embeddings = nn.Linear(channels, width)
        self.add_transformer(architecture)
        self.output = nn.Linear(width, architecture["vocabSize"], bias=False)

    def hidden(self, class_embedding: Tensor, codes: Tensor, kinds: Tensor) -> Tensor:
        of_class, of_tokens = self.n_d_embed(kinds).split([1, len(kinds) - 1])
        return self.run(class_embedding + of_class, self.tok_embeddings(codes) + of_tokens)

    def scores(self, hidden: Tensor, class_embedding: Tensor) -> Tensor:
        return self.output(self.norm(hidden))


class LlamagenImageModel(ImageModel):
    generator_class = LlamagenFlowMapGenerator
    tokenizer_class = LlamagenTokenizer


if __name__ == "__main__":
    main(LlamagenImageModel)
