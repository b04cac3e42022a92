"""How good a model that fills is: cells of held-out performances are hidden from it.

:func:`groovekit.evaluation.filling.evaluate.evaluate_filling` is what ``groovekit
evaluate`` shows of such models.
"""
