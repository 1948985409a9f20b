#!/usr/bin/python3
"""Draws the figure of docs/skin_and_needles.md: the damage around one needle track in the layers of the face.

    plot_needle_track.py [FILE]      default: docs/images/needle_track.png
"""
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

# Defaults of a study and the layers of the preset "face"; all lengths in um.
RADIUS, LENGTH, TIP, RIM = 100.0, 1000.0, 400.0, 30.0
LAYERS = (("stratum corneum", 0), ("epidermis", 15), ("papillary", 100), ("reticular", 350))
WIDTH, DEPTH = 300.0, 1200.0


def damage(rho, s):
    """d of an upright track: 1 inside, exp(-distance/rim) outside."""
    radius = np.where(s > LENGTH - TIP, RADIUS * (LENGTH - s) / TIP, RADIUS)
    beside = np.maximum(np.abs(rho) - radius, 0)
    below = np.hypot(rho, s - LENGTH)
    return np.exp(-np.where(s > LENGTH, below, beside) / RIM)


def main():
    target = pathlib.Path(__file__).resolve().parents[1] / "docs/images/needle_track.png"
    if len(sys.argv) > 1:
        target = pathlib.Path(sys.argv[1])
    x, z = np.meshgrid(np.linspace(-WIDTH, WIDTH, 601), np.linspace(0, DEPTH, 1201))
    figure, axes = plt.subplots(figsize=(4.6, 6.4), constrained_layout=True)
    image = axes.imshow(damage(x, z), extent=(-WIDTH, WIDTH, DEPTH, 0), cmap="magma_r", vmin=0, vmax=1)
    outline = [(-RADIUS, 0), (-RADIUS, LENGTH - TIP), (0, LENGTH), (RADIUS, LENGTH - TIP), (RADIUS, 0)]
    axes.plot(*zip(*outline), color="white", linewidth=1)
    for name, top in LAYERS:
        if top > 0:
            axes.axhline(top, color="0.5", linewidth=0.8, linestyle=":")
        if name != "stratum corneum":
            axes.text(-WIDTH + 8, top + 32, name, fontsize=8, color="0.25")
    arrow = {"arrowstyle": "<->", "color": "0.2", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (215, 0), (215, LENGTH), arrowprops=arrow)
    axes.text(222, 560, "L", fontsize=10)
    axes.annotate("", (165, LENGTH - TIP), (165, LENGTH), arrowprops=arrow)
    axes.text(172, 820, "$l_t$", fontsize=10)
    axes.annotate("", (0, 480), (RADIUS, 480), arrowprops={**arrow, "color": "white"})
    axes.text(42, 470, "R", fontsize=10, color="white")
    axes.set(xlabel="across (um)", ylabel="depth z (um)")
    figure.colorbar(image, ax=axes, label="damage d", shrink=0.6)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=110)
    print(f"wrote {target}")


if __name__ == "__main__":
    main()
