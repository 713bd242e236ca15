"""Backbones: timm models with random weights and from checkpoints."""

import socket
from collections import OrderedDict

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from pose_core.errors import ConfigError
from pose_core.model import backbones
from pose_core.model.backbones import TimmBackbone, build_timm, is_reachable
from pose_core.model.checkpoints import start_from
from pose_core.model.options import TimmOptions

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:timm", "ignore::FutureWarning:timm")


def random(model: str, **options) -> TimmBackbone:
    torch.manual_seed(0)
    return build_timm(TimmOptions(model=model, **options), pretrained=False).eval()


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("resnet18", (64, 96)),
        ("mobilenetv3_small_100", (64, 96)),
        ("efficientnet_b0", (64, 96)),
        ("convnext_atto", (64, 96)),
        ("vit_tiny_patch16_224", (64, 96)),
        ("swin_tiny_patch4_window7_224", (64, 96)),
        ("hrnet_w18_small", (64, 96)),
        ("vit_tiny_patch16_dinov3_qkvb", (64, 96)),
    ],
)
def test_features_have_the_channels_and_stride_that_are_told(model, size):
    backbone = random(model)
    with torch.no_grad():
        features = backbone(torch.rand(2, 3, *size))
    cells = tuple(side // backbone.stride for side in size)
    assert features.shape == (2, backbone.channels, *cells)
    assert backbone.fixed_size is None


def test_features_without_a_network_are_those_of_timm_for_normalised_images():
    backbone = random("resnet18")
    whole = timm.create_model("resnet18", num_classes=0).eval()
    whole.load_state_dict(backbone.body.state_dict())
    images = torch.rand(1, 3, 64, 64)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    with torch.no_grad():
        expected = whole.forward_features((images - mean) / std)
        torch.testing.assert_close(backbone(images), expected)


def test_features_laid_out_channels_last_are_turned_round():
    backbone = random("swin_tiny_patch4_window7_224")
    with torch.no_grad():
        raw = backbone.body((torch.zeros(1, 3, 64, 96) - backbone.mean) / backbone.std)[-1]
        features = backbone(torch.zeros(1, 3, 64, 96))
    assert raw.shape == (1, 2, 3, 768)
    torch.testing.assert_close(features[0, :, 1, 2], raw[0, 1, 2, :])


def test_a_shallower_level_is_finer():
    assert random("resnet18", level=-2).stride == 16


def work_of(module: nn.Module, images: torch.Tensor) -> int:
    """Count the multiplications of the convolutions that run."""
    counts: list[int] = []
    for one in module.modules():
        if isinstance(one, nn.Conv2d):
            one.register_forward_hook(
                lambda m, _, y: counts.append(y.numel() * m.weight[0].numel())
            )
    with torch.no_grad():
        module(images)
    return sum(counts)


@pytest.mark.parametrize(
    ("model", "level", "share"),
    [
        ("resnet18", -2, 1.0),  # timm leaves out by itself what it can
        ("efficientnet_b0", -2, 0.75),
        ("efficientnet_b0", -3, 0.5),
        ("efficientnet_b0", -1, 1.0),
        ("mobilenetv3_small_100", -3, 0.5),
        ("mobilenetv4_conv_small", -2, 0.8),
        ("hrnet_w18_small", -3, 0.9),
        ("hrnet_w18_small", -1, 0.9),
    ],
)
def test_nothing_is_computed_that_the_features_do_not_depend_on(model, level, share):
    backbone, images = random(model, level=level), torch.rand(1, 3, 64, 64)
    torch.manual_seed(0)
    whole = timm.create_model(model, features_only=True, out_indices=(level,)).eval()
    known = whole.state_dict()
    assert backbone.body.state_dict().keys() <= known.keys()
    backbone.body.load_state_dict({name: known[name] for name in backbone.body.state_dict()})
    normal = (images - backbone.mean) / backbone.std
    with torch.no_grad():
        torch.testing.assert_close(backbone(images), whole(normal)[-1], rtol=0, atol=0)
    backbone(images).sum().backward()
    assert all(value.grad is not None for value in backbone.parameters()) or "hrnet" in model
    found, before = work_of(backbone, images), work_of(whole, images)
    assert found <= share * before if share < 1 else found == before


def test_a_transformer_takes_another_patch_size():
    backbone = random("vit_small_patch14_dinov2", arguments={"patch_size": 16})
    assert backbone.stride == 16


def test_a_transformer_bound_to_a_size_says_which():
    assert random("mixer_s16_224").fixed_size == (224, 224)
    given = random("mixer_s16_224", arguments={"img_size": [64, 64]})
    assert given.fixed_size == (64, 64)
    with torch.no_grad():
        assert given(torch.zeros(1, 3, 64, 64)).shape == (1, 512, 4, 4)


def test_a_level_that_is_not_there_is_refused():
    with pytest.raises(
        ConfigError, match=r"model.backbone: timm cannot give .*'resnet18', level 9"
    ):
        random("resnet18", level=9)


def test_an_argument_that_a_model_does_not_take_is_refused():
    with pytest.raises(ConfigError, match=r"with \{'colour': 3\} \(.*colour"):
        random("resnet18", arguments={"colour": 3})


def test_weights_that_cannot_be_fetched_are_refused_with_both_ways_out(monkeypatch):
    monkeypatch.setattr(backbones, "is_reachable", lambda address: False)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda repository, name: None)
    with pytest.raises(ConfigError, match=r"reached; give .*model.pretrained=PATH.*=false"):
        build_timm(TimmOptions(model="resnet18"), pretrained=True)


def test_a_model_without_published_weights_is_refused():
    with pytest.raises(ConfigError, match="timm publishes no weights of 'seresnet18'"):
        build_timm(TimmOptions(model="seresnet18"), pretrained=True)


def test_published_weights_on_this_disk_need_no_network(monkeypatch, tmp_path):
    source = random("resnet18")
    file = tmp_path / "model.safetensors"
    whole = timm.create_model("resnet18")
    state = {**whole.state_dict(), **source.body.state_dict()}
    save_file(state, file)
    monkeypatch.setattr(
        "huggingface_hub.try_to_load_from_cache", lambda repository, name: str(file)
    )
    monkeypatch.setattr(socket, "create_connection", None)
    backbone = build_timm(TimmOptions(model="resnet18"), pretrained=True)
    torch.testing.assert_close(backbone.body.conv1.weight, source.body.conv1.weight)


def test_a_server_that_is_not_there_is_not_reachable(monkeypatch):
    monkeypatch.setattr(backbones, "getproxies", dict)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert not is_reachable(f"http://127.0.0.1:{port}")
        unused.listen()
        assert is_reachable(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".pth"])
@pytest.mark.parametrize("prefix", ["", "module.", "backbone.", "model.backbone.body."])
def test_a_checkpoint_is_read_whatever_the_prefix_of_its_names(tmp_path, suffix, prefix):
    whole = timm.create_model("resnet18")
    state = {prefix + name: tensor for name, tensor in whole.state_dict().items()}
    path = tmp_path / f"weights{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save({"state_dict": state}, path)
    backbone = build_timm(TimmOptions(model="resnet18"), pretrained=path)
    torch.testing.assert_close(backbone.body.state_dict(), OrderedDict(without_classifier(whole)))


@pytest.mark.parametrize("model", ["convnext_atto", "vit_tiny_patch16_224", "efficientnet_b0"])
def test_names_that_timm_changes_for_features_are_found(tmp_path, model):
    whole = timm.create_model(model, num_classes=0)
    save_file(whole.state_dict(), tmp_path / "weights.safetensors")
    matched = start_from(random(model).body, tmp_path / "weights.safetensors")
    assert not matched.missing
    assert not matched.misfits


def test_what_did_not_fit_is_reported(tmp_path, caplog):
    whole = without_classifier(timm.create_model("resnet18"))
    del whole["layer4.1.bn2.weight"]
    whole["conv1.weight"] = whole["conv1.weight"][:, :1].contiguous()
    save_file(whole, tmp_path / "weights.safetensors")
    build_timm(TimmOptions(model="resnet18"), pretrained=tmp_path / "weights.safetensors")
    assert (
        "98 of 100 tensors loaded, 0 of the file not used; missing: layer4_1_bn2_weight"
        in caplog.text
    )
    assert "of another shape: conv1_weight" in caplog.text


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    save_file(timm.create_model("convnext_atto").state_dict(), tmp_path / "weights.safetensors")
    with pytest.raises(ConfigError, match="only 0 of the 100 tensors of resnet18 are in it"):
        build_timm(TimmOptions(model="resnet18"), pretrained=tmp_path / "weights.safetensors")


def test_a_checkpoint_that_holds_objects_is_not_unpickled(tmp_path):
    torch.save({"state_dict": {}, "options": TimmOptions()}, tmp_path / "weights.pth")
    with pytest.raises(
        ConfigError, match=r"weights.pth: is no file of weights alone .*safetensors"
    ):
        build_timm(TimmOptions(model="resnet18"), pretrained=tmp_path / "weights.pth")


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pth"])
def test_a_damaged_checkpoint_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x05\x00\x00\x00")
    with pytest.raises(ConfigError, match=name):
        build_timm(TimmOptions(model="resnet18"), pretrained=tmp_path / name)


def without_classifier(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value for name, value in model.state_dict().items() if not name.startswith("fc")}
