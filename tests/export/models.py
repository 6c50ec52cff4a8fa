"""Models of every bundle, as their training leaves them, without a training."""

import json
from types import SimpleNamespace

import torch
from monai.bundle import ConfigParser

from monai_ssl.handlers import BestModelSaver
from tests.bundles.helpers import S4MTL, configs

SMALL = {"features": [4, 4, 8, 8, 16, 4], "discriminator_channels": [4, 8, 8, 8]}


def make_network(bundle, names, info):
    """The network that the bundle deploys for a model of which ``info`` is known, by the configuration alone."""
    config = ConfigParser.load_config_files(configs(bundle, *names))
    key = "backbone" if bundle == S4MTL else "network_def"  # which gives one of the two outputs of S4MTL
    return ConfigParser(config=config | {"info": info, "device": "cpu"}).get_parsed_content(key).eval()


def make_model(folder, bundle, names, network=None, **changes):
    """Write ``model.pt`` and ``model.json`` by the trainings' saver, of random weights by default; give both."""
    config = ConfigParser.load_config_files(configs(bundle, *names))
    task = "multiclass" if bundle == S4MTL else "multilabel"
    info = {"modality": "MR", "task": task, **config["info"]["defaults"], **changes}
    if network is None:
        network = make_network(bundle, names, info)
        for module in network.modules():  # statistics as after a training
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.running_mean.uniform_(-0.5, 0.5)
                module.running_var.uniform_(0.5, 1.5)
    saver = BestModelSaver(folder / "model.pt", {"network": network}, {"network": "score"}, info)
    saver(SimpleNamespace(state=SimpleNamespace(epoch=1, rank=0, metrics={"score": 0.5})))
    return network, json.loads((folder / "model.json").read_text())
