"""Model folders: what is loaded without network, data or pickles, and what is refused."""

import json
import shutil
import socket
from pathlib import Path

import pytest
import timm
import torch
import yaml

from pose_core.errors import ConfigError, FormatError
from pose_core.model import backbones
from pose_core.model.folder import load_model, usable
from pose_core.run_folder import check_complete, read_config


@pytest.fixture
def copied(tiny_model, tmp_path) -> Path:
    """A model of one's own to spoil."""
    return Path(shutil.copytree(tiny_model, tmp_path / "copied"))


def refuse(*given, **named):
    raise AssertionError("must not be used")


def test_a_model_loads_offline_without_first_weights_data_or_unpickling(
    tiny_model, plugins, monkeypatch
):
    asked = []
    create = timm.create_model

    def create_model(name, pretrained=False, **options):
        asked.append(pretrained)
        return create(name, pretrained=pretrained, **options)

    monkeypatch.setattr(timm, "create_model", create_model)
    monkeypatch.setattr(backbones, "published", refuse)
    monkeypatch.setattr(torch, "load", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr("pose_core.files.open_project", refuse)
    assert read_config(tiny_model)["model"]["pretrained"] is True
    model = load_model(tiny_model, plugins)
    assert asked == [False]
    assert model.skeleton.names == ("nose", "left", "right")
    assert model.size == (32, 32)
    assert not model.network.training
    assert not any(weights.requires_grad for weights in model.network.parameters())


def test_a_local_file_of_first_weights_may_be_gone(copied, plugins):
    change_config(copied, lambda config: config["model"].update(pretrained="/gone/weights.pt"))
    assert load_model(copied, plugins).skeleton.names == ("nose", "left", "right")


def change_config(folder, change):
    config = yaml.safe_load((folder / "config.yaml").read_text())
    change(config)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


@pytest.mark.parametrize("name", ["config.yaml", "skeleton.json", "model.safetensors"])
def test_a_file_that_is_not_there_is_named(copied, plugins, name):
    (copied / name).unlink()
    with pytest.raises(FormatError, match=f"copied: is no complete model, it has no {name}; train"):
        load_model(copied, plugins)
    with pytest.raises(FormatError, match=name):
        check_complete(copied)


def test_what_is_no_folder_is_said(tmp_path):
    with pytest.raises(
        FormatError, match="gone: no such folder; give the folder of a training run"
    ):
        read_config(tmp_path / "gone")
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="file: is a file; give the folder"):
        read_config(tmp_path / "file")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("config.yaml", "model: [", r"config\.yaml: cannot be read \(.*\); restore it"),
        ("config.yaml", "model: 3\ndata: {}", r"config\.yaml: lacks 'model' or 'data'"),
        ("config.yaml", "", r"config\.yaml: lacks 'model' or 'data'"),
        ("config.yaml", "model: {bakbone: x}\ndata: {}", "'bakbone'; did you mean 'backbone'"),
        ("skeleton.json", "{", r"skeleton\.json: cannot be read \(.*\); restore it"),
        ("skeleton.json", "[]", r"skeleton\.json: damaged \(.*\); restore it"),
        ("skeleton.json", '{"names": ["a", "b"]}', "made for 3 keypoints, the skeleton has 2"),
        ("model.safetensors", "weights", r"model\.safetensors: is no whole safetensors file"),
    ],
)
def test_a_damaged_file_is_one_line(copied, plugins, name, text, message):
    (copied / name).write_text(text)
    with pytest.raises((FormatError, ConfigError), match=message) as raised:
        load_model(copied, plugins)
    assert "\n" not in str(raised.value)


def test_a_model_that_needs_a_plugin_that_is_not_here_says_so(copied, plugins):
    change_config(copied, lambda config: config["model"].update(head="contextual"))
    with pytest.raises(ConfigError, match="unknown head 'contextual'"):
        load_model(copied, plugins)


def test_the_skeleton_comes_back_as_it_was_written(tiny_model, plugins):
    model = load_model(tiny_model, plugins)
    assert model.skeleton.to_dict() == json.loads((tiny_model / "skeleton.json").read_text())


def test_a_device_that_is_not_there_is_one_line(monkeypatch):
    assert usable("cpu").type == "cpu"
    with pytest.raises(ConfigError, match=r"--device: 'gpu' cannot be used here \(.*\); give cpu"):
        usable("gpu")
    if not torch.cuda.is_available():
        assert usable(None).type == "cpu"
        with pytest.raises(
            ConfigError, match=r"--device: 'cuda' cannot be used here .*; give cpu$"
        ):
            usable("cuda")
