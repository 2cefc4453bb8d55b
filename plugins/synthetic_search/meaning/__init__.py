"""Meaning: embedders, the vectors that they make of documents, and retrieval by them.

Embedders come from plugins (`register_embedders`) and from here: one that is
learnt from the store's own text, one that asks an endpoint over HTTP, and two
that load a model from a local folder. A service embeds documents in the order
in which they were indexed, outside of the write path; each model has its own
vectors, so that an old one answers while a new one is being filled.

What computes with arrays (`batches`, `codes`, `filling`, `learnt`, `nearest`,
`sparse`, `vectors`) imports numpy, and is imported where it is first needed: the
start of a server does not wait for it.
"""
