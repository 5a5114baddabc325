"""The networks that can be trained, a file each. A name comes in, a ``Recipe`` goes out: a function
that builds the untrained Keras model, and the settings to fit it with.
"""

from train.recipes import smilenet
from train.recipes.recipe import Recipe

__all__ = ["RECIPES", "Recipe"]

RECIPES: dict[str, Recipe] = {"smilenet": smilenet.RECIPE}
