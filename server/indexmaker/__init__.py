"""Index Maker: collateral in, baskets bought in batches, index tokens out."""

__all__ = ["__version__"]

__version__ = "0.1.0"
