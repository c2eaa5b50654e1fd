"""The blocks of params.yaml as frozen, typed models. `tasks.common.params` puts them together and reads the file."""
