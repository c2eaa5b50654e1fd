"""Network architectures and what is done to them; all networks output logits."""
