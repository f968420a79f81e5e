"""Lists of an authority or region as of a day: what belongs in one, and editions: issued, signed, provable."""
