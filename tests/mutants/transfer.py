"""Mistakes in the transfer methods and in what may be done to their samples, each with the test that is to see it."""

from tests.mutants import Mutant

_RATES = "tests/tasks/test_transfer_rates.py::test_"
_PARTS = "tests/tasks/test_transfer_parts.py::test_"
_SOURCE = "tests/tasks/test_transfer_source.py::test_"
_SHARED = "tests/tasks/test_transfer.py::test_"
_MIXING = "tests/tasks/test_mixing.py::test_"

_HERE = "tasks/transfer"
_STEPS = f"{_HERE}/progressive_unfreezing.py"
_LAYERS = f"{_HERE}/discriminative_rates.py"
_PROBE = f"{_HERE}/lp_ft.py"
_SPRING = f"{_HERE}/l2_sp.py"
_ADAPTERS = f"{_HERE}/adapters.py"
_LORA = f"{_HERE}/lora.py"
_SWEEP = f"{_HERE}/depth_sweep.py"
_MIX = "tasks/common/mixing.py"

MUTANTS = (
    # fine-tuning and feature extraction
    Mutant(f"{_HERE}/fixed.py", "float(np.exp(best.x) / unit)", "1.0", f"{_SHARED}logits_of_distances_are_brought_to_the_scale_with_the_lowest_cross_entropy"),
    Mutant(f"{_HERE}/fixed.py", "scale = sharpness(predict(body, sample.validation.x) @ kernel + bias, sample.validation.y)", "scale = 1.0", f"{_SHARED}a_fixed_source_is_as_sure_as_the_validation_part_lets_it_be"),
    Mutant(f"{_HERE}/fine_tuning.py", "surgery.names_of(source.model, chosen_layers(network.hidden, settings.layers))", "frozenset(chosen_layers(network.hidden, settings.layers))", f"{_SHARED}a_layer_that_may_move_takes_its_batch_normalisation_along"),
    Mutant(f"{_HERE}/fine_tuning.py", "rate * settings.slowdown", "rate", f"{_SHARED}every_setting_of_fine_tuning_changes_the_result"),
    Mutant(f"{_HERE}/feature_extraction.py", "settings.epochs, frozenset({HEAD})", "settings.epochs", f"{_SHARED}feature_extraction_moves_the_head_alone"),
    # full fine-tuning
    Mutant(f"{_HERE}/full_fine_tuning.py", "len(sample.classes), seed)", "len(sample.classes), seed + 1)", f"{_RATES}full_fine_tuning_from_fresh_weights_is_scratch_bit_for_bit"),
    Mutant(f"{_HERE}/full_fine_tuning.py", "rate, settings.epochs)", 'rate, settings.epochs, frozenset({"head", *network.hidden}))', f"{_RATES}full_fine_tuning_moves_every_weight_and_every_statistic"),
    Mutant(f"{_HERE}/full_fine_tuning.py", "        seed=seed,", "        seed=seed + 1,", f"{_RATES}full_fine_tuning_from_fresh_weights_is_scratch_bit_for_bit"),
    # progressive unfreezing
    Mutant(_STEPS, "rate * decay**step", "rate * decay ** (step + 1)", f"{_RATES}each_step_moves_one_group_more_at_a_rate_that_falls_by_the_decay"),
    Mutant(_STEPS, "epochs - last * each if step == last else each", "each", f"{_RATES}each_step_moves_one_group_more_at_a_rate_that_falls_by_the_decay"),
    Mutant(_STEPS, "surgery.names_of(source.model, names) | {HEAD}", "surgery.with_norms(source.model, names) or frozenset({HEAD})", f"{_RATES}unfreezing_all_in_one_step_is_fine_tuning_bit_for_bit"),
    Mutant("tasks/common/layers.py", "hidden[len(hidden) - len(hidden) * step // count :]", "hidden[: len(hidden) * step // count]", f"{_RATES}layers_are_unfrozen_from_the_last_to_the_first"),
    # discriminative rates
    Mutant(_LAYERS, "enumerate(reversed(network.hidden), start=1)", "enumerate(network.hidden, start=1)", f"{_RATES}a_layer_moves_by_the_factor_to_the_power_of_its_depth_less"),
    Mutant(_LAYERS, "start=1", "start=0", f"{_RATES}a_layer_moves_by_the_factor_to_the_power_of_its_depth_less"),
    Mutant(_LAYERS, "factor**-depth", "1 / (factor * depth)", f"{_RATES}a_layer_moves_by_the_factor_to_the_power_of_its_depth_less"),
    Mutant(_LAYERS, "in sorted(surgery.names_of(source.model, [name]))", "in [name]", f"{_RATES}batch_normalisation_moves_as_slowly_as_its_layer"),
    Mutant("tasks/common/traced.py", "old + share * (variable.value - old)", "variable.value - share * (variable.value - old)", f"{_RATES}a_layer_moves_by_the_factor_to_the_power_of_its_depth_less"),
    # lp-ft
    Mutant(_PROBE, "surgery.copy(probe.model)", "surgery.with_new_head(source.model, len(sample.classes), seed)", f"{_RATES}fine_tuning_starts_from_the_best_probe"),
    Mutant(_PROBE, "settings.probe_epochs, frozenset({HEAD})", "settings.probe_epochs", f"{_RATES}without_fine_tuning_it_is_feature_extraction_bit_for_bit"),
    Mutant(_PROBE, " if second.epoch else first.epoch", "", f"{_RATES}the_epoch_kept_is_the_probes_where_fine_tuning_never_helped"),
    Mutant(_PROBE, 'Phase("all", rate, settings.epochs)', 'Phase("all", probe.rate or rate, settings.epochs)', f"{_RATES}without_a_probe_it_is_full_fine_tuning_bit_for_bit"),
    # l2-sp
    Mutant(_SPRING, "self.alpha / 2 * distance", "self.alpha * distance", f"{_SOURCE}the_objective_is_the_papers"),
    Mutant(_SPRING, "tf.math.squared_difference(v, anchors[name])", "tf.square(v)", f"{_SOURCE}the_objective_is_the_papers"),
    Mutant(_SPRING, "np.array(variable)", "variable", f"{_SOURCE}anchors_are_copies_and_leave_out_statistics"),
    Mutant(_SPRING, "for v in _head(model)", "for v in _body(model).values()", f"{_SOURCE}its_gradient_pulls_the_body_to_the_anchor_and_the_head_to_zero"),
    Mutant(_SPRING, "for variable in layer.trainable_variables", "for variable in layer.weights", f"{_SOURCE}anchors_are_copies_and_leave_out_statistics"),
    # bitfit
    Mutant(f"{_HERE}/bitfit.py", 'else "bias")', 'else "kernel")', f"{_PARTS}bitfit_moves_every_bias_and_the_head_alone"),
    Mutant(f"{_HERE}/bitfit.py", "surgery.layers_of(model, network.hidden)", "surgery.layers_of(model, network.hidden[1:])", f"{_PARTS}bitfit_moves_every_bias_and_the_head_alone"),
    Mutant(f"{_HERE}/bitfit.py", "{HEAD, *biases", '{"head/bias", *biases', f"{_PARTS}bitfit_moves_every_bias_and_the_head_alone"),
    # adapters
    Mutant(_ADAPTERS, "([output, up(down(output))])", "([up(down(output)), up(down(output))])", f"{_PARTS}a_model_with_adapters_starts_with_the_predictions_of_the_one_without"),
    Mutant(_ADAPTERS, 'kernel_initializer="zeros"', 'kernel_initializer="ones"', f"{_PARTS}a_model_with_adapters_starts_with_the_predictions_of_the_one_without"),
    Mutant(_ADAPTERS, "activation=network.activation, ", "", f"{_PARTS}an_adapter_adds_a_bottleneck_of_the_layers_output_to_it"),
    Mutant(_ADAPTERS, "(_is_norm(layer) or ADAPTER in layer.name)", "ADAPTER in layer.name", f"{_PARTS}adapters_normalisation_and_the_head_move_and_the_sources_layers_stay"),
    # lora
    Mutant(_LORA, "enable_lora(rank, lora_alpha or self.lora_alpha, **rest)", "enable_lora(rank, lora_alpha, **rest)", f"{_PARTS}a_first_step_moves_a_kernel_by_its_gradient_projected_on_a_and_scaled"),
    Mutant(_LORA, "assign(_kernel(trained.get_layer(name)))", "assign(trained.get_layer(name)._kernel)", f"{_PARTS}the_merged_model_is_an_ordinary_one_with_the_predictions_of_the_one_trained"),
    Mutant("tasks/models/surgery.py", "in kinds and not _is_depthwise(layer)]", "in kinds]", f"{_PARTS}kernels_that_mix_channels_are_updated_and_the_start_is_the_source_to_the_bit"),
    Mutant("tasks/models/surgery.py", "keras.layers.Conv2D, keras.layers.SeparableConv2D)", "keras.layers.Conv2D)", f"{_PARTS}kernels_that_mix_channels_are_updated_and_the_start_is_the_source_to_the_bit"),
    Mutant(_LORA, "self.lora_alpha / self.lora_rank * update", "self.lora_alpha * update", f"{_PARTS}an_update_is_a_product_of_its_factors_in_every_kind_of_layer"),
    Mutant(_LORA, "return layer.pointwise_kernel if", "return layer._kernel if", f"{_PARTS}an_update_is_a_product_of_its_factors_in_every_kind_of_layer"),
    Mutant(_LORA, '"lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha}', '"lora_rank": self.lora_rank, "lora_alpha": self.lora_rank}', f"{_PARTS}training_moves_each_kind_by_its_projected_gradient_and_leaves_depthwise_kernels"),
    Mutant(_LORA, "for name in names for factor in FACTORS", "for name in names for factor in FACTORS[:1]", f"{_PARTS}kernels_differ_by_a_low_rank_and_nothing_else_but_the_head_moves"),
    Mutant(_LORA, '"lora_alpha": alpha}', '"lora_alpha": alpha * rank}', f"{_PARTS}a_first_step_moves_a_kernel_by_its_gradient_projected_on_a_and_scaled"),
    Mutant(_LORA, 'FACTORS = ("lora_kernel_a", "lora_kernel_b")', 'FACTORS = ("lora_kernel_a", "lora_kernel_b", "bias")', f"{_PARTS}kernels_differ_by_a_low_rank_and_nothing_else_but_the_head_moves"),
    # depth sweep
    Mutant(_SWEEP, "network.hidden[:k])", "network.hidden[len(network.hidden) - k :])", f"{_SOURCE}the_first_k_layers_are_the_sources_and_the_rest_is_fresh"),
    Mutant(_SWEEP, "network.hidden[k:]) | {HEAD}", "network.hidden) | {HEAD}", f"{_SOURCE}reused_layers_stay_or_follow_as_the_setting_says"),
    Mutant(_SWEEP, "best = min(trained", "best = max(trained", f"{_SOURCE}the_model_compared_is_the_best_on_validation_data"),
    Mutant(_SWEEP, "len(settings.rates) * len(tried)", "len(settings.rates)", f"{_SOURCE}the_model_compared_is_the_best_on_validation_data"),
    Mutant("tasks/models/surgery.py", "for name in names_of(model, names):", "for name in names:", f"{_SOURCE}the_first_k_layers_are_the_sources_and_the_rest_is_fresh"),
    # augmentation and mixtures
    Mutant(_MIX, "x = share * x + (1 - share) * tf.gather(x, partner)", "x = (1 - share) * x + share * tf.gather(x, partner)", f"{_MIXING}mixup_is_the_papers_mixture_of_inputs_and_of_losses"),
    Mutant(_MIX, "(1 - share) * weighted(logits, tf.gather(y, partner), weights)", "(1 - share) * weighted(logits, y, weights)", f"{_MIXING}mixup_is_the_papers_mixture_of_inputs_and_of_losses"),
    Mutant(_MIX, "len(y) / (classes * np.maximum(counts, 1))", "len(y) / np.maximum(counts, 1)", f"{_MIXING}class_weights_give_every_class_the_same_say"),
    Mutant(_MIX, "losses * tf.gather(weights, y)", "losses / tf.gather(weights, y)", f"{_MIXING}each_samples_loss_has_the_weight_of_its_class"),
    Mutant(_MIX, "minval=1e-30)) / parameter", "minval=1e-30))", f"{_MIXING}shares_are_drawn_from_the_beta_distribution"),
    Mutant(_MIX, "1 - tf.reduce_mean(tf.cast(box, tf.float32))", "share", f"{_MIXING}cutmix_pastes_a_box_and_says_what_is_left"),
    Mutant(_MIX, "side * tf.sqrt(1 - share)", "side * tf.sqrt(share)", f"{_MIXING}cutmix_pastes_a_box_and_says_what_is_left"),
    Mutant(_MIX, "seed, -most, most + 1, tf.int32", "seed, 0, most + 1, tf.int32", f"{_MIXING}shifts_move_whole_images_and_repeat_their_rim"),
    Mutant(_MIX, "(1, down), (2, right)", "(1, down), (2, down)", f"{_MIXING}shifts_move_whole_images_and_repeat_their_rim"),
)  # fmt: skip
