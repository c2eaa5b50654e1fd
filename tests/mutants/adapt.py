"""Mistakes in domain adaptation."""

from tests.mutants import Mutant

CHOICE, ALIGNMENT = "tests/tasks/test_adapt_choice.py", "tests/tasks/test_adapt_alignment.py"
ADVERSARIAL = "tests/tasks/test_adapt_adversarial.py"
OWN, METHODS = "tests/tasks/test_adapt_own.py", "tests/tasks/test_adapt_methods.py"

MUTANTS: tuple[Mutant, ...] = (
    # dann
    Mutant("tasks/adapt/dann.py", "return -strength * upstream, None", "return strength * upstream, None", f"{ADVERSARIAL}::test_the_reversal_leaves_values_and_turns_gradients_round"),
    Mutant("tasks/adapt/dann.py", "domain_logits(model, reverse(part, strength))", "domain_logits(model, part)", f"{ADVERSARIAL}::test_the_encoder_climbs_the_domain_loss_and_the_domain_network_descends_it_at_full_speed"),
    Mutant("tasks/adapt/dann.py", "2 / (1 + tf.exp(-steepness * progress)) - 1", "1 / (1 + tf.exp(-steepness * progress))", f"{ADVERSARIAL}::test_the_schedule_is_the_published_one"),
    Mutant("tasks/adapt/dann.py", 'batch["y"]) + telling', 'batch["y"]) + strength * telling', f"{ADVERSARIAL}::test_the_encoder_climbs_the_domain_loss_and_the_domain_network_descends_it_at_full_speed"),
    Mutant("tasks/adapt/dann.py", "domain.loss(of_target, 0.0)", "domain.loss(of_target, 1.0)", f"{ADVERSARIAL}::test_danns_loss_is_the_tasks_plus_that_of_telling_the_domains"),
    # mmd
    Mutant("tasks/adapt/mmd.py", "(tf.reduce_sum(similarity[:first, :first]) - n) / tf.maximum(n * (n - 1), 1)", "tf.reduce_mean(similarity[:first, :first])", f"{ALIGNMENT}::test_mmd_is_the_unbiased_estimate_with_several_kernels"),
    Mutant("tasks/adapt/mmd.py", "- 2 * tf.reduce_mean(similarity[:first, first:])", "- tf.reduce_mean(similarity[:first, first:])", f"{ALIGNMENT}::test_mmd_is_the_unbiased_estimate_with_several_kernels"),
    Mutant("tasks/adapt/mmd.py", "tf.stop_gradient(tf.reduce_sum(distances))", "tf.reduce_sum(distances)", f"{ALIGNMENT}::test_no_gradient_of_mmd_goes_through_the_width_of_its_kernels"),
    Mutant("tasks/adapt/mmd.py", "for power in powers]) / kernels", "for power in powers])", f"{ALIGNMENT}::test_mmd_is_the_unbiased_estimate_with_several_kernels"),
    # coral
    Mutant("tasks/adapt/coral.py", "/ (4 * source.shape[1] ** 2)", "/ (4 * source.shape[1])", f"{ALIGNMENT}::test_coral_is_the_squared_distance_of_covariances_over_four_d_squared"),
    Mutant("tasks/adapt/coral.py", "centred = rows - tf.reduce_mean(rows, axis=0)", "centred = rows", f"{ALIGNMENT}::test_coral_is_zero_on_equal_covariances_whatever_the_means"),
    Mutant("tasks/adapt/coral.py", "distance(source, target)\n\n\ndef", "distance(tf.stop_gradient(source), tf.stop_gradient(target))\n\n\ndef", f"{ALIGNMENT}::test_the_encoder_feels_both_terms_and_the_head_the_task_alone"),
    # the batch both domains share
    Mutant("tasks/adapt/joint.py", "source, target = tf.split(both, 2)", "target, source = tf.split(both, 2)", f"{ALIGNMENT}::test_both_domains_share_the_statistics_of_batch_normalisation"),
    # adda
    Mutant("tasks/adapt/adda.py", "domain.loss(domain.domain_logits(model, target), 1.0)", "domain.loss(domain.domain_logits(model, target), 0.0)", f"{ADVERSARIAL}::test_addas_two_losses_by_hand"),
    Mutant("tasks/adapt/adda.py", 'tf.stop_gradient(target)))', 'target))', f"{ADVERSARIAL}::test_adda_gives_each_variable_the_gradient_of_its_own_loss"),
    Mutant("tasks/adapt/adda.py", "zip(losses, parts, strict=True)", "zip(losses[::-1], parts, strict=True)", f"{ADVERSARIAL}::test_adda_gives_each_variable_the_gradient_of_its_own_loss"),
    Mutant("tasks/adapt/adda.py", "frozenset((*encoder, *domain.LAYERS))", "frozenset(domain.LAYERS)", f"{ADVERSARIAL}::test_adda_leaves_the_classifier_and_moves_the_targets_encoder"),
    # self-training
    Mutant("tasks/adapt/self_training.py", "tf.reduce_mean(sure * ", "tf.reduce_mean(", f"{OWN}::test_the_loss_of_pseudo_labels_is_a_mean_over_the_whole_batch"),
    Mutant("tasks/adapt/self_training.py", "probs.max(axis=1) >= confidence", "probs.max(axis=1) <= confidence", f"{OWN}::test_pseudo_labels_are_the_likeliest_classes_and_sure_at_or_above_the_confidence"),
    Mutant("tasks/adapt/self_training.py", "pseudo_labels(predict(model, unlabelled), settings", "pseudo_labels(predict(joint.on_source(source, network, settings, seed, rate, settings.source_epochs)[0], unlabelled), settings", f"{OWN}::test_every_round_labels_the_target_anew"),
    # adabn
    Mutant("tasks/adapt/adabn.py", "(layer.moving_variance, seen.var(axis=axes))", "(layer.moving_variance, seen.std(axis=axes))", f"{OWN}::test_adabn_gives_every_layer_mean_zero_and_variance_one_on_the_target"),
    Mutant("tasks/adapt/adabn.py", "tuple(range(seen.ndim - 1))", "0", f"{OWN}::test_adabn_gives_every_layer_mean_zero_and_variance_one_on_the_target"),
    Mutant("tasks/adapt/adabn.py", "(1 - weight) * np.asarray(variable) + weight * own", "weight * np.asarray(variable) + (1 - weight) * own", f"{OWN}::test_adabn_changes_statistics_alone_and_half_the_weight_goes_half_the_way"),
    # the choice
    Mutant("tasks/adapt/choice.py", "return float(entropy(probs.mean(axis=0)) - entropy(probs).mean())", "return float(-entropy(probs).mean())", CHOICE),
    Mutant("tasks/adapt/choice.py", "= -np.inf  # nobody", "= 1 / TEMPERATURE  # nobody", CHOICE),
    Mutant("tasks/adapt/choice.py", "probs /= np.linalg.norm(probs, axis=1, keepdims=True)", "probs /= 1", CHOICE),
    Mutant("tasks/adapt/choice.py", "< (1 + expected.max()) / 2", "< expected.max()", CHOICE),
    Mutant("tasks/adapt/candidates.py", "max(found, key=", "min(found, key=", CHOICE),
    # the ceiling
    Mutant("tasks/adapt/oracle.py", "Part(x[part], y[part],", "Part(x[part], y[np.sort(part)[::-1]],", f"{METHODS}::test_the_ceiling_is_training_on_the_targets_labels_alone"),
)  # fmt: skip
"""Each method has at least three; those of `source-only` and the choice are shared by all."""
