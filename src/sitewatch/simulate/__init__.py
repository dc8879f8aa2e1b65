"""A facility with known truth, rendered as real GeoTIFF scenes."""
