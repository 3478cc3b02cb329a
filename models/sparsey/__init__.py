"""Sparsey: hierarchies of macs over images, images made ready for them, moving figures, and read-outs."""

from models.sparsey.hierarchy import Hierarchy, HierarchyState, Level

__all__ = ["Hierarchy", "HierarchyState", "Level"]
