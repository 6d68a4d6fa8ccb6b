class VarGenerator(VarTransformer, OneStepGenerator):
    """`VAR` of var.py with a diffusion head."""

    def __init__(self, architecture: Config, guidance: Range | None) -> None:
        super().__init__(architecture, guidance, classifier="head", bias=True)
        patch_nums = architecture["patchNums"]
        self.noise_shape = (sum(side * side for side in patch_nums), architecture["channels"])
        self.raw: bool = architecture["noiseInput"] == "raw"
        self.quantize = Quantizer(architecture)
        self.add_transformer(architecture, patch_nums)

    def codes(self) -> Tensor:
        return self.quantize.embedding.weight

    def next_scale_inputs(self, sequence: Tensor) -> Tensor:
        """What scales 2 ... S read, [B, n − p₁², C]: earlier scales together, or the one before alone."""
        mode, earlier = ("bicubic", self.quantize.maps) if self.raw else ("area", self.quantize.latents)
        maps = [
            F.interpolate(part, size=(side, side), mode=mode)
            for part, side in zip(earlier(sequence), self.quantize.patch_nums[1:], strict=False)
        ]
        return torch.cat([part.flatten(2).mT for part in maps], dim=1)

    def features(self, noise: Tensor, labels: Tensor) -> Tensor:
        embedding = self.class_embedding(labels)
        x = self.embed(embedding, self.next_scale_inputs(noise / self.code_scale))
        mask = self.steps[:, None] >= self.steps
        return self.final_norm(self.run(x, embedding, mask), embedding)


class VarImageModel(ImageModel):
    generator_class = VarGenerator
    tokenizer_class = VarTokenizer


if __name__ == "__main__":
    main(VarImageModel)
