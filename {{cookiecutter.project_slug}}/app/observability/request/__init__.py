"""A request's way: its two layers, what is known of it, its trace, its outcome and its answer."""
