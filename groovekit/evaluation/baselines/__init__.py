"""What a trained model has to beat: predictions that need no training by gradient.

All are fitted on the training split with :func:`fit_baselines`. Some know nothing of a
window, some what a model gets to see. Those that play (from :class:`.ConstantVelocity`
on) are *given the hits* and predict velocities and offsets only: for a model that
humanises they know what it knows, for one that reconstructs they know more. NumPy only.
"""

from groovekit.evaluation.baselines.base import Baseline as Baseline
from groovekit.evaluation.baselines.base import Case as Case
from groovekit.evaluation.baselines.fit import fit_baselines as fit_baselines
from groovekit.evaluation.baselines.humaniser import Humaniser as Humaniser
