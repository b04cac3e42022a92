# The public names and where they come from. Type checkers read this file in place of
# ``__init__.py``, which reads it, too, when it is imported.

from groovekit.cli.generate.mode import Mode as Mode
from groovekit.configs.base import Config as Config
from groovekit.configs.base import ModelConfig as ModelConfig
from groovekit.configs.base import get_config as get_config
from groovekit.configs.parts import DecoderConfig as DecoderConfig
from groovekit.configs.parts import EncoderConfig as EncoderConfig
from groovekit.configs.parts import LatentConfig as LatentConfig
from groovekit.configs.parts import TrainingConfig as TrainingConfig
from groovekit.converters.base import AugmentationConfig as AugmentationConfig
from groovekit.converters.base import Converter as Converter
from groovekit.converters.base import Counts as Counts
from groovekit.converters.base import Encoded as Encoded
from groovekit.converters.base import Reason as Reason
from groovekit.converters.base import Skipped as Skipped
from groovekit.converters.base import Slice as Slice
from groovekit.converters.base import Tensors as Tensors
from groovekit.converters.base import UnusableError as UnusableError
from groovekit.converters.base import Windows as Windows
from groovekit.converters.drums import DrumsConverter as DrumsConverter
from groovekit.converters.grid.sections import Section as Section
from groovekit.converters.grid_converter import GridConverter as GridConverter
from groovekit.converters.groove import GrooveConverter as GrooveConverter
from groovekit.converters.kits import KitMap as KitMap
from groovekit.converters.kits import get_kit as get_kit
from groovekit.converters.melody import MelodyConverter as MelodyConverter
from groovekit.converters.options import WithKits as WithKits
from groovekit.converters.performance import (
    PerformanceConverter as PerformanceConverter,
)
from groovekit.converters.trio import TrioConverter as TrioConverter
from groovekit.data.datasets import load_examples as load_examples
from groovekit.data.examples import Examples as Examples
from groovekit.data.prepared import Prepared as Prepared
from groovekit.data.prepared import prepare as prepare
from groovekit.data.settings import DataSettings as DataSettings
from groovekit.errors import GroovekitError as GroovekitError
from groovekit.evaluation import metrics as metrics
from groovekit.generation.player import Player as Player
from groovekit.generation.players import load_player as load_player
from groovekit.generation.trained_model import TrainedModel as TrainedModel
from groovekit.io.columns import NoteColumns as NoteColumns
from groovekit.io.conversion import convert_folder as convert_folder
from groovekit.io.drum_tracks import drum_tracks as drum_tracks
from groovekit.io.drum_tracks import mark_drums as mark_drums
from groovekit.io.midi.document import MidiDocument as MidiDocument
from groovekit.io.midi.files import read_midi as read_midi
from groovekit.io.midi.files import write_midi as write_midi
from groovekit.io.notes import NoteSequence as NoteSequence
from groovekit.models.builder import build_model as build_model
from groovekit.models.decoders.base import CoreDecoder as CoreDecoder
from groovekit.models.decoders.base import Decoder as Decoder
from groovekit.models.decoders.hierarchical import (
    HierarchicalLSTMDecoder as HierarchicalLSTMDecoder,
)
from groovekit.models.decoders.lstm import LSTMDecoder as LSTMDecoder
from groovekit.models.decoders.split import SplitLSTMDecoder as SplitLSTMDecoder
from groovekit.models.encoders.bidirectional import (
    BidirectionalLSTMEncoder as BidirectionalLSTMEncoder,
)
from groovekit.models.encoders.hierarchical import (
    HierarchicalLSTMEncoder as HierarchicalLSTMEncoder,
)
from groovekit.models.encoders.lstm import LSTMEncoder as LSTMEncoder
from groovekit.models.family import Family as Family
from groovekit.models.feed import Decoded as Decoded
from groovekit.models.feed import Feed as Feed
from groovekit.models.heads.base import Head as Head
from groovekit.models.heads.boolean import BooleanHead as BooleanHead
from groovekit.models.heads.categorical import CategoricalHead as CategoricalHead
from groovekit.models.heads.categorical import (
    MultiCategoricalHead as MultiCategoricalHead,
)
from groovekit.models.heads.groove import GrooveHead as GrooveHead
from groovekit.models.heads.groove_bins import GrooveBinsHead as GrooveBinsHead
from groovekit.models.heads.layer import HeadLayer as HeadLayer
from groovekit.models.heads.layer import HeadLoss as HeadLoss
from groovekit.models.window_dataset import WindowDataset as WindowDataset
from groovekit.plugins.catalogue import installed_plugins as installed_plugins
from groovekit.plugins.catalogue import register_attribute as register_attribute
from groovekit.plugins.catalogue import register_config as register_config
from groovekit.plugins.catalogue import register_converter as register_converter
from groovekit.plugins.catalogue import register_decoder as register_decoder
from groovekit.plugins.catalogue import register_encoder as register_encoder
from groovekit.plugins.catalogue import register_family as register_family
from groovekit.plugins.catalogue import register_head as register_head
from groovekit.plugins.catalogue import register_kit_map as register_kit_map
from groovekit.plugins.catalogue import register_mode as register_mode
from groovekit.plugins.catalogue import register_numpy_decoder as register_numpy_decoder
from groovekit.plugins.catalogue import register_numpy_encoder as register_numpy_encoder
from groovekit.plugins.catalogue import register_numpy_head as register_numpy_head
from groovekit.plugins.catalogue import register_preset as register_preset
from groovekit.training.keras_run import save_run as save_run
from groovekit.training.settings import TrainSettings as TrainSettings
from groovekit.training.trainer import TrainResult as TrainResult
from groovekit.training.trainer import train as train

__version__: str
