"""Mistakes in networks for texts and in what learns from words, each with the test that is to see it."""

from tests.mutants import Mutant

_LAYERS = "tasks/models/text_layers.py"
_BERT = "tasks/models/transformer.py"
_COUNTS = "tasks/transfer/tf_idf.py"
_HIDDEN = "tasks/pretrain/masked_tokens.py"
_MODELS = "tests/tasks/test_text_models.py::test_"
_TF_IDF = "tests/tasks/test_tf_idf.py::test_"
_MASKED = "tests/tasks/test_masked_tokens.py::test_"

MUTANTS = (
    # the transformer
    Mutant(_LAYERS, "scores + away[:, None, None, :]", "scores", f"{_MODELS}padding_changes_nothing"),
    Mutant(_LAYERS, "away[:, None, None, :]", "away[:, None, :, None]", f"{_MODELS}the_transformer_is_berts_formula"),
    Mutant(_LAYERS, "(width // self.heads) ** -0.5", "width**-0.5", f"{_MODELS}the_transformer_is_berts_formula"),
    Mutant(_LAYERS, "keras.ops.maximum(keras.ops.sum(weights, axis=1), 1)", "keras.ops.sum(weights, axis=1)", f"{_MODELS}a_text_of_padding_alone_has_the_mean_zero"),
    Mutant(_LAYERS, "keras.ops.sum(weights * signal, axis=1) / count", "keras.ops.mean(signal, axis=1)", f"{_MODELS}the_embedding_network_is_dense_layers_on_the_mean_of_word_vectors"),
    Mutant(_BERT, "EPSILON = 1e-12", "EPSILON = 1e-3", f"{_MODELS}the_transformer_is_berts_formula"),
    Mutant(_BERT, "([signal, outer])", "([seen, outer])", f"{_MODELS}the_transformer_is_berts_formula"),
    # tf-idf
    Mutant(_LAYERS, "keras.ops.logical_or(alone, pair)", "alone", f"{_TF_IDF}words_are_told_apart_by_order_with_pairs_alone"),
    Mutant(_LAYERS, "weights / keras.ops.where(length > 0, length, 1)", "weights", f"{_TF_IDF}the_features_are_the_definition"),
    Mutant(_COUNTS, "np.concatenate([-values, values], axis=-1) / 2", "np.concatenate([-values, values], axis=-1)", f"{_TF_IDF}the_model_gives_scikit_learns_probabilities"),
    Mutant(_COUNTS, "int(np.argmin(losses))", "len(losses) - 1", f"{_TF_IDF}the_strength_is_chosen_on_the_validation_part"),
    # masked language modelling
    Mutant(_HIDDEN, "ordinary & (draws", "(tokens > 0) & (draws", f"{_MASKED}marks_unknown_words_the_mask_itself_and_padding_are_never_hidden"),
    Mutant(_HIDDEN, "tf.where(draws < 0.8, float(MASK)", "tf.where(draws < 0.9, float(MASK)", f"{_MASKED}eight_in_ten_become_the_mask_one_any_piece_and_one_stays"),
    Mutant(_HIDDEN, "model(given, training=training)", "model(tokens, training=training)", f"{_MASKED}the_loss_is_the_cross_entropy_of_the_hidden_pieces_alone"),
    Mutant(_HIDDEN, "tf.cast(model.get_layer(PIECES).embeddings, features.dtype)", "tf.stop_gradient(tf.cast(model.get_layer(PIECES).embeddings, features.dtype))", f"{_MASKED}the_vectors_of_pieces_that_no_text_has_move_too_because_they_are_what_predicts"),
)  # fmt: skip
