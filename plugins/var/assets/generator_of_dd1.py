class VarFlowMapGenerator(VarTransformer, FlowMapGenerator):
    """`DD_Model`: the class token is a scale 1×1 of its own, and tokens are not added up over scales."""

    def __init__(self, architecture: Config, _guidance: None) -> None:
        patch_nums, width = architecture["patchNums"], architecture["width"]
        super().__init__(architecture, sum(side * side for side in patch_nums))
        self.add_transformer(architecture, [1, *patch_nums])
        self.head = nn.Linear(width, architecture["vocabSize"])
        layers = range(architecture["depth"] + 1)
        self.layerwise_n_d_embed = nn.ModuleList(nn.Linear(width, width) for _ in layers)

    def hidden(self, class_embedding: Tensor, codes: Tensor, kinds: Tensor) -> Tensor:
        table = self.n_d_embed.weight
        *added, last = (layer(table)[kinds] for layer in self.layerwise_n_d_embed)
        x = self.embed(class_embedding, codes) + table[kinds]
        # Itself and earlier scales.
        mask = (self.steps[:, None] > self.steps) | torch.eye(len(kinds), dtype=torch.bool, device=x.device)
        return self.run(x, class_embedding, mask, added) + last

    def scores(self, hidden: Tensor, class_embedding: Tensor) -> Tensor:
        return self.head(self.final_norm(hidden, class_embedding))


class VarImageModel(ImageModel):
    generator_class = VarFlowMapGenerator
    tokenizer_class = VarTokenizer


if __name__ == "__main__":
    main(VarImageModel)
