"""The config of a new DeepLabCut project: the keys that version 3 writes, in its order."""

TEMPLATE = """\
# Version of this file's layout (do not edit)
config_version: 0
# Project (do not edit)
Task:
scorer:
date:
multianimalproject: false
identity:

# Where the project is (change it when the project moves)
project_path:
pose_config_path:

# Engine for new shuffles: pytorch or tensorflow
engine: pytorch

# Videos, each with its crop: x1, x2, y1, y2
video_sets: {}
bodyparts: []
individuals: []
uniquebodyparts: []
multianimalbodyparts: []

# Part of each video that frames to label are taken from, and how many
start: 0.0
stop: 1.0
numframes2pick: 20

# Plots
skeleton: []
skeleton_color: black
pcutoff: 0.6
dotsize: 12
alphavalue: 0.7
colormap: rainbow

# Training, evaluation and analysis
TrainingFraction:
- 0.95
iteration: 0
default_net_type: resnet_50
default_augmenter: default
default_track_method:
snapshotindex: -1
detector_snapshotindex: -1
batch_size: 8
detector_batch_size: 1

# Cropping, for analysis and outlier frames
cropping: false
# used where cropping is true:
x1: 0
x2: 640
y1: 277
y2: 624

# Refinement (the part of the videos above counts here too)
corner2move2:
- 50
- 50
move2corner: true

# Names of keypoints in SuperAnimal models
SuperAnimalConversionTables:

# No longer used
resnet:
croppedtraining:
"""
"""As DeepLabCut 3.0.2 makes it for one animal, without what `create_project` fills in."""
