#!/usr/bin/env python3
"""Exact values of tests/reference/verification.csv, computed without Kollagen from the formula of each row.

    verification_numbers.py            prints id,value
    verification_numbers.py CSV        compares with the column "exact" of CSV; exit code 1 where they differ

Units: um, h and the unit of the field, unless a name says otherwise. Standard library only.
"""
import csv
import math
import sys
from math import cos, cosh, exp, log, pi, sin, sinh, sqrt

SECOND = 1 / 3600  # [h]


# --- building blocks ------------------------------------------------------------------------------------

def mode_rate(D, sides, cells, half_waves):
    """Decay rate of the discrete cosine (no-flux) or sine (Dirichlet) mode of the seven-point stencil."""
    total = 0.0
    for side, n, m in zip(sides, cells, half_waves):
        h = side / n
        total += 4 * D / h**2 * sin(pi * m / (2 * n)) ** 2
    return total


def ssp_rk3(z):
    """Factor of one step of a three-stage method of order three on u' = (z/dt) u."""
    return 1 + z + z * z / 2 + z**3 / 6


def tr_bdf2(z):
    """Factor of one step of TR-BDF2 with gamma = 2 - sqrt 2 on u' = (z/dt) u."""
    g = 2 - sqrt(2)
    middle = (1 + g / 2 * z) / (1 - g / 2 * z)
    return (middle / (g * (2 - g)) - (1 - g) ** 2 / (g * (2 - g))) / (1 - (1 - g) / (2 - g) * z)


def bisect(f, low, high):
    sign = f(low) > 0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if (f(middle) > 0) == sign:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def k0(x):
    """Modified Bessel function of the second kind: integral of exp(-x cosh t) from 0 on."""
    n, end = 4000, 12.0
    h = end / n
    return h * (0.5 * exp(-x) + sum(exp(-x * cosh(i * h)) for i in range(1, n)))


def steady_point_source(D, lam, rate, cells, spacing, source, probe):
    """Discrete steady state in a box without flux: cosine series of a source of `rate` [u/h] in one cell."""
    axes = []
    for n, h, s, p in zip(cells, spacing, source, probe):
        rows = []
        for m in range(n):
            norm = (1 if m == 0 else 2) / n
            rows.append((4 * D / h**2 * sin(pi * m / (2 * n)) ** 2,
                         norm * cos(pi * m * (s + 0.5) / n) * cos(pi * m * (p + 0.5) / n)))
        axes.append(rows)
    total = 0.0
    for lx, ax in axes[0]:
        for ly, ay in axes[1]:
            for lz, az in axes[2]:
                total += ax * ay * az / (lam + lx + ly + lz)
    return rate * total


def growth(a, b, c, d):
    """Larger eigenvalue of [[a, b], [c, d]] when both are real."""
    return (a + d) / 2 + sqrt((a - d) ** 2 / 4 + b * c)


def discrete_k2(wavelength, cells):
    """(4/h^2) sin^2(k h/2) of one wave on `cells` cells: what the stencil sees as k^2."""
    h = wavelength / cells
    return 4 / h**2 * sin(pi / cells) ** 2


# --- cases -----------------------------------------------------------------------------------------------

def gaussian(out):
    D, s0 = 30 / SECOND, 50.0

    def peak(t, lam):
        return (1 + 2 * D * t / s0**2) ** -1.5 * exp(-lam * t)

    for integrator in ("explicit", "imex"):
        for t in (300, 600):
            out[f"V1.peak_{t}s.{integrator}"] = peak(t * SECOND, 0)
        out[f"V1.peak_300s_decay.{integrator}"] = peak(300 * SECOND, 0.2)
        out[f"V1.order_in_space.{integrator}"] = 2
        out[f"V1.order_in_space_w.{integrator}"] = 2


def modes(out):
    t = 600 * SECOND
    cube = mode_rate(30 / SECOND, (1000,) * 3, (50,) * 3, (1, 1, 1))
    out["V2.rate"] = cube * SECOND
    out["V2.factor"] = exp(-cube * t)
    out["V2.factor_explicit_2s"] = ssp_rk3(-cube * 2 * SECOND) ** 300
    out["V2.factor_imex_60s"] = tr_bdf2(-cube * 60 * SECOND) ** 10
    sides, cells = (1000, 600, 480), (50, 20, 16)
    bricks = {"u": (30, 0.0, (1, 2, 3)), "v": (10, 0.2, (3, 1, 0)), "w": (3, 0.625, (0, 4, 5))}
    for name, (D, lam, half_waves) in bricks.items():
        rate = mode_rate(D / SECOND, sides, cells, half_waves) + lam
        out[f"V2.brick_{name}.explicit"] = ssp_rk3(-rate / 1024) ** 256
        out[f"V2.brick_{name}.imex"] = tr_bdf2(-rate / 64) ** 16


def point_source(out):
    D, lam, Q = 3 / SECOND, 0.625, 100 / SECOND
    length = sqrt(D / lam)
    for r in (100, 200, 300):
        out[f"V3.yukawa_{r}um"] = Q / (4 * pi * D * r) * exp(-r / length)
    out["V3.total"] = Q / lam
    box = dict(D=D, lam=lam, cells=(24, 20, 15), spacing=(20, 30, 25), source=(7, 11, 3))
    rate = Q / (20 * 30 * 25)
    for name, probe in {"source": (7, 11, 3), "near": (9, 10, 4), "far": (20, 2, 12)}.items():
        out[f"V3.discrete_{name}"] = steady_point_source(rate=rate, probe=probe, **box)


def line_source(out):
    length = sqrt(3 / SECOND / 0.625)
    for r in (150, 200, 300, 400):
        out[f"V4.ratio_{r}um"] = k0(r / length) / k0(100 / length)
    out["V4.total"] = 100 / SECOND / 0.625


def layers(out):
    D1, L1, D2, L2 = 5.0, 100.0, 30.0, 1000.0
    flux = 1 / (L1 / D1 + L2 / D2)
    out["V5.interface"] = 1 - flux * L1 / D1
    out["V5.flux"] = flux
    out["V5.flux_upper_layer"] = flux
    out["V5.effective_diffusivity"] = flux * (L1 + L2)
    lam = 2e-4
    q1, q2 = sqrt(lam / D1), sqrt(lam / D2)
    interface = 1 / (cosh(q1 * L1) + sqrt(D2 / D1) * sinh(q1 * L1))
    out["V6.interface"] = interface
    out["V6.deeper_200um"] = interface * exp(-q2 * 200)
    out["V6.order_in_space"] = 2


def fronts(out):
    for name, D, r in (("fibroblasts", 250, 0.0385), ("epidermis", 720, 0.0288)):
        out[f"V7.pulled_speed_{name}"] = 2 * sqrt(r * D)
        for integrator in ("explicit", "imex"):
            out[f"V7.exact_profile_speed_{name}.{integrator}"] = 5 / sqrt(6) * sqrt(r * D)
            out[f"V7.exact_profile_error_{name}.{integrator}"] = 0


def reactions(out):
    F0, K, r = 500.0, 15000.0, 0.924
    for name in ("fisher_explicit", "fisher_imex", "dermal_explicit", "dermal_imex"):
        out[f"V8.five_days.{name}"] = K / (1 + (K / F0 - 1) * exp(-r * 5))
        out[f"V8.half_capacity.{name}"] = log(K / F0 - 1) / r
    k, lam, released = 7.2, 0.2, 0.75 * 83
    t = log(k / lam) / (k - lam)
    for integrator in ("explicit", "imex"):
        out[f"V9.time_of_maximum.{integrator}"] = t
        out[f"V9.maximum.{integrator}"] = released * k / (k - lam) * (exp(-lam * t) - exp(-k * t))
        out[f"V9.released_10min.{integrator}"] = 1 - exp(-k / 6)


def keller_segel(out):
    D, chi, Dc, a, b, u0 = 250.0, 4000.0, 3600.0, 1.0, 1.0, 0.5

    def rate(k2):
        return growth(-D * k2, chi * u0 * k2, a, -(Dc * k2 + b))

    for wavelength in (300, 500, 1000):
        out[f"V10.growth_{wavelength}um"] = rate((2 * pi / wavelength) ** 2)
        for integrator in ("explicit", "imex"):
            out[f"V10.discrete_growth_{wavelength}um.{integrator}"] = rate(discrete_k2(wavelength, 64))
            out[f"V10.mass.{wavelength}um_{integrator}"] = 0
    out["V10.neutral_wavelength"] = 2 * pi / sqrt((chi * a * u0 / D - b) / Dc)


def schnakenberg(out):
    a, b = 0.1, 0.9
    u = a + b
    v = b / u**2
    fu, fv, gu, gv = 2 * u * v - 1, u * u, -2 * u * v, -u * u
    det = fu * gv - fv * gu

    def rate(k2, d):
        return growth(fu - k2, fv, gu, gv - d * k2)

    d = 40.0
    root = sqrt((d * fu + gv) ** 2 - 4 * d * det)
    out["V11.band_low"] = ((d * fu + gv) - root) / (2 * d)
    out["V11.band_high"] = ((d * fu + gv) + root) / (2 * d)
    low, high = out["V11.band_low"], out["V11.band_high"]
    for _ in range(200):  # golden section
        left, right = high - (high - low) * 0.6180339887498949, low + (high - low) * 0.6180339887498949
        if rate(left, d) < rate(right, d):
            low = left
        else:
            high = right
    fastest = 0.5 * (low + high)
    out["V11.growth"] = rate(fastest, d)
    for integrator in ("explicit", "imex"):
        out[f"V11.discrete_growth.{integrator}"] = rate(discrete_k2(2 * pi / sqrt(fastest), 64), d)
    critical = bisect(lambda x: x * fu + gv - 2 * sqrt(x * det), 1 / fu, 200.0)
    out["V11.critical_ratio"] = critical


def binding(out):
    for integrator in ("explicit", "imex"):
        out[f"V12.effective_diffusivity.{integrator}"] = 80 / 26


def walls(out):
    cells, spacing, multiplier = (20, 16, 12), (20, 30, 25), 0.5
    sides = [n * h for n, h in zip(cells, spacing)]
    factors = {"explicit": lambda rate: ssp_rk3(-rate / 1024) ** 128,
               "imex": lambda rate: tr_bdf2(-rate / 64) ** 8}
    bricks = {"u": (30, (1, 2, 1), (300, 500, 700)), "v": (10, (2, 1, 1), (100, 50, 200)),
              "w": (3, (1, 1, 3), (20, 80, 40))}
    for name, (D, half_waves, transfer) in bricks.items():
        D *= multiplier / SECOND
        robin = 0.0
        for n, h, k in zip(cells, spacing, transfer):
            a = (2 * D - k * h) / (2 * D + k * h)
            angle = bisect(lambda x: cos(x * (n + 0.5)) - a * cos(x * (n - 0.5)), 0.0, pi / (2 * n))
            robin += 4 * D / h**2 * sin(angle / 2) ** 2
        for integrator, factor in factors.items():
            out[f"walls.dirichlet_{name}.{integrator}"] = factor(mode_rate(D, sides, cells, half_waves))
            out[f"walls.robin_{name}.{integrator}"] = factor(robin)
    out["walls.slab_flux"] = (1 - 0.2) / (16 * 30 / (multiplier * 10 / SECOND) + 1 / 40)


def orders(out):
    for name in ("fisher", "keller_segel", "linear"):
        out[f"order.time_{name}.explicit"] = 3
        out[f"order.time_{name}.imex"] = 2
    out["order.space_chemotaxis"] = 2


def invariants(out):
    for product in ("0.01", "1", "10"):
        out[f"steady.dt_lam_{product}"] = steady_point_source(
            D=3 / SECOND, lam=0.625, rate=100 / SECOND / (20 * 30 * 25), cells=(7, 6, 5),
            spacing=(20, 30, 25), source=(2, 3, 1), probe=(5, 1, 4))


def conservation(out):
    for name in ("diffusion", "chemotaxis", "transition", "keller_segel"):
        for integrator in ("explicit", "imex"):
            out[f"V13.{name}.{integrator}"] = 0
    out["V13.released_pdgf"] = 83 * 0.75 * pi * 0.1**2 * 1.4
    for integrator in ("explicit", "imex"):
        out[f"V13.released_balance.{integrator}"] = 0


CASES = (gaussian, modes, point_source, line_source, layers, fronts, reactions, keller_segel, schnakenberg,
         binding, conservation, walls, orders, invariants)


def numbers():
    out = {}
    for case in CASES:
        case(out)
    return out


def compare(path, values):
    with open(path, newline="", encoding="utf-8") as file:
        listed = {row["id"]: float(row["exact"]) for row in csv.DictReader(file)}
    wrong = [f"{name}: only in the script" for name in values if name not in listed]
    wrong += [f"{name}: only in {path}" for name in listed if name not in values]
    for name, value in values.items():
        if name in listed and not math.isclose(listed[name], value, rel_tol=1e-10, abs_tol=1e-15):
            wrong.append(f"{name}: {path} has {listed[name]!r}, the formula gives {value!r}")
    print("\n".join(wrong) if wrong else f"{len(values)} values agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(compare(sys.argv[1], numbers()))
    for key, number in numbers().items():
        print(f"{key},{number:.12g}")
