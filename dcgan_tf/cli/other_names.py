"""What users of other programs type, and what it is called here."""

import re
from collections.abc import Collection

OTHER_NAMES = {
    "learning_rate": "lr g_lr rate step_size",
    "discriminator_learning_rate": "d_lr lr_d dlr",
    "batch_size": "batch bs batch_gpu mini_batch train_batch_size",
    "epochs": "epoch n_epochs num_epochs max_epochs niter",
    "steps": "step iterations iteration iters iter max_steps num_steps total_steps n_steps train_steps max_iter",
    "devices": "gpu gpus ngpu ngpus num_gpus gpu_ids gpu_id device num_devices cuda",
    "dataset": "data dataroot data_path dataset_path dataset_dir train_dir train_data input images input_dir",
    "checkpoint": "ckpt step epoch",
    "out": "output output_dir outdir outfile output_file save_dir save dest destination file",
    "run": "resume continue restore load snapshot ckpt name exp exp_name experiment run_name run_dir workdir model_dir "
    "network log_dir output output_dir outdir save_dir checkpoint_dir ckpt_dir out train_dir path dir",
    "image_size": "size imsize img_size image_res resolution res input_height output_height crop_size image_shape "
    "shape",
    "latent_dim": "nz z_dim latent latents latent_size noise_dim z_size",
    "base_filters": "ngf ndf filters gf_dim df_dim fmap_base channel_base cbase width",
    "channels": "nc n_channels num_channels c_dim img_channels",
    "beta_1": "b1 beta adam_beta1 adam_beta",
    "beta_2": "b2 adam_beta2",
    "seed": "manual_seed random_seed rng_seed",
    "seeds": "seed",
    "conditional": "cond class_cond labels label use_labels class_conditional cgan",
    "class": "label classes category",
    "flip": "mirror hflip horizontal_flip random_flip",
    "augment": "diff_augment diff_aug augmentation policy",
    "d_norm": "spectral_norm sn use_sn norm",
    "r1": "gradient_penalty gp r1_gamma gamma lambda_gp",
    "checkpoint_every": "save_every save_freq snap save_interval checkpoint_interval save_steps ckpt_every",
    "sample_every": "sample_freq sample_interval image_snap img_snap",
    "log_every": "log_freq log_interval log_steps print_freq print_every",
    "keep_checkpoints": "save_total_limit max_to_keep",
    "evaluate_every": "eval_every eval_freq eval_interval eval_steps",
    "precision": "fp16 bf16 amp half mixed_precision dtype use_fp16 fp32",
    "l2": "weight_decay wd decay l2_reg",
    "d_steps": "n_critic critic_iters d_iters disc_steps",
    "ema_decay": "ema ema_rate use_ema",
    "label_smoothing": "smoothing smooth",
    "preset": "config cfg arch architecture model model_name",
    "runs_dir": "runs result_dir results_dir results",
    "num": "n num_images num_samples n_samples samples count number nimages",
    "metrics": "metric fid",
    "formats": "format",
    "dry_run": "dry summary test_run",
    "overwrite": "force f yes y replace",
    "strategy": "distribute distributed multi_gpu cpu",
    "worker_hosts": "workers num_workers hosts",
}
"""The name here: names elsewhere, in lower case, in any spelling of _ and -. The first that a command has is meant."""

REMARKS = {
    "run": "it names the run directory, and a run that is there is continued",
    "devices": "without it every visible GPU is used",
    "worker_hosts": "for several machines; images are read ahead without worker processes",
    "precision": "mixed_float16 or mixed_bfloat16",
}
"""What else to know of the name here, where the other one may mean something else."""


def meant(name: str, known: Collection[str]) -> tuple[str, str]:
    """The flag of a command that another program's flag stands for, and a remark; empty if there is none.

    Args:
        name: as it was typed, without dashes in front.
        known: the command's flags.
    """
    wanted = re.sub("[-_]", "", name.lower())
    for own in known:
        if own.replace("_", "") == wanted:
            return own, ""
    for own, others in OTHER_NAMES.items():
        if own in known and wanted in others.replace("_", "").split():
            return own, REMARKS.get(own, "")
    return "", ""
