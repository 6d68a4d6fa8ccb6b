"""What the official constructors call the sizes of an architecture."""


def llamagen_sizes(architecture):
    """Arguments of `ModelArgs`."""
    return dict(
        dim=architecture['width'],
        n_layer=architecture['depth'],
        n_head=architecture['heads'],
        n_kv_head=architecture.get('keyValueHeads'),
        multiple_of=architecture['multipleOf'],
        ffn_dim_multiplier=architecture['feedForwardMultiplier'],
        rope_base=architecture['ropeBase'],
        norm_eps=architecture['normEpsilon'],
        num_classes=architecture['numClasses'],
        vocab_size=architecture['vocabSize'],
        cls_token_num=1,
        block_size=architecture['gridSize'] ** 2,
    )


def var_sizes(architecture):
    """Arguments of `VAR` and `DD_Model`."""
    return dict(
        num_classes=architecture['numClasses'],
        depth=architecture['depth'],
        embed_dim=architecture['width'],
        num_heads=architecture['heads'],
        mlp_ratio=architecture['mlpRatio'],
        norm_eps=1e-6,
        shared_aln=architecture['sharedAdaLn'],
        attn_l2_norm=architecture['attnL2Norm'],
        patch_nums=tuple(architecture['patchNums']),
    )
