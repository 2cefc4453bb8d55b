"""Asking: from a query to a page of hits with snippets, facets and suggestions. GraphQL and the command line."""
