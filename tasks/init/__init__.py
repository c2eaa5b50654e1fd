"""`headwater init`: look at a file of a person's own, and write the blocks of params.yaml that a study of it needs."""
