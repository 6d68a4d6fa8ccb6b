"""Brings what PyTorch has from version 2.0 on and the official LlamaGen code needs."""
import torch
import torch.nn.functional as F


def attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False):
    """`scaled_dot_product_attention` as far as it is used."""
    scores = query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    if attn_mask is not None:
        scores = scores.masked_fill(~attn_mask, float('-inf'))
    return scores.softmax(dim=-1) @ value


if not hasattr(F, 'scaled_dot_product_attention'):
    F.scaled_dot_product_attention = attention
