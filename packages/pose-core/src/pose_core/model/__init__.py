"""Networks: backbones, heads, decoders, and how a config's names become one network.

This package imports nothing: `options` and `decoder_options` stay free of torch, so that a config
is refused before anything heavy is loaded.
"""
