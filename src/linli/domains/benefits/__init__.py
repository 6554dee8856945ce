"""惠民政策: what people and employers are due, as rules that run over one person and over everybody."""
