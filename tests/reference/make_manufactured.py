#!/usr/bin/env python3
"""A manufactured solution of all 16 fields of the dermal model, by symbolic algebra (Debian: python3-sympy).

Every field is  u_s = b_s [1 + a_s exp(-t/tau_s) cos(pi x/Lx) cos(pi y/Ly) cos(pi z/Lz)]  in a box of reticular
dermis with closed walls. The equations are written here as they stand in docs/model.md; what they leave over,
du_s/dt minus their right-hand side, is the forcing that makes u_s their exact solution. Nothing is imported from
the program. The values keep clear of every kink of the equations: T > 2 T0, C < C0, C3 above its normal share,
M < M_max, n < n_max/2, all fields positive.

Run it in this folder to write manufactured.hpp anew: python3 make_manufactured.py
"""

import textwrap

import sympy as sp
from sympy.printing.c import C99CodePrinter

x, y, z, t = sp.symbols("x y z t", real=True)
SIDES = (200, 250, 300)  # um
DAY, YEAR = 24.0, 365.25 * 24.0

# b, a, tau [h]: own ones for each field
FIELDS = {
    "A": (0.3, 0.30, 0.50), "P": (1.0, 0.28, 0.90), "L": (3.0, 0.26, 0.70), "Lb": (4.0, 0.24, 1.10),
    "T": (0.5, 0.25, 1.30), "G": (1.2, 0.27, 0.80), "F": (3000.0, 0.29, 1.50), "N": (1500.0, 0.22, 1.20),
    "M1": (800.0, 0.21, 0.60), "M2": (400.0, 0.23, 1.00), "B": (3.0, 0.30, 1.40), "C3": (45.0, 0.12, 0.75),
    "C1": (120.0, 0.14, 0.85), "E": (5.0, 0.20, 0.95), "D": (0.5, 0.25, 0.65), "W": (500.0, 0.26, 1.05),
}

# What differs from the defaults: diffusivities that one explicit step can follow on a coarse grid and that make
# transport count for every field, strong chemotaxis near its speed cap, recruitment that is off by default.
CHANGED = {
    "D_P": 4000.0, "D_L": 3000.0, "D_T": 2500.0, "D_G": 2000.0, "D_W": 3500.0, "D_F": 400.0, "D_N": 900.0,
    "D_M": 1200.0, "chi0": 20000.0, "a_MT": 0.4, "a_MP": 0.3,
}

p = {
    "K_c": 2.0, "v_max": 20.0, "n_max": 12.0, "m_clot": 2.5, "B_half": 1.0,
    "k_deg": 7.2, "q_P": 83.0, "q_T": 120.0, "f_b": 0.5, "y_b": 0.5, "q_G": 0.2,
    "lam_P": 0.2, "u_P": 2e-3, "K_P": 2.0, "s_PM": 0.004,
    "lam_L": 0.46, "lam_T": 0.625, "k_a0": 0.01, "k_a1": 0.2, "K_Wa": 1000.0,
    "s_TM": 0.07 / DAY, "s_TF": 0.004 / DAY, "s_TN": 7e-4,
    "lam_G": 0.1, "s_GD": 0.02, "s_GM": 2e-4, "s_GF": 6e-6, "K_G": 1.0, "KTc": 0.2, "KTN": 0.7,
    "r1": 0.924 / DAY, "r0": 8e-4, "kappa": 8.0, "k_FN": 0.011, "k_NF": 0.002, "d_N0": 0.03 / DAY, "d_N1": 5e-3,
    "rho_M": 220.0, "K_D": 0.2, "M_max": 4000.0, "k_12": 0.4 / DAY, "d_M1": 0.4 / DAY, "d_M2": 0.25 / DAY,
    "k_D0": 0.05 / DAY, "k_DM": 0.35 / DAY, "M_ref": 1000.0, "k_B0": 0.05 / DAY, "k_BM": 0.15 / DAY,
    "k_BF": 0.15 / DAY, "n_ref": 1e4, "s_W1": 3 / DAY, "s_W2": 0.5 / DAY, "s_WF": 0.02 / DAY,
    "lam_W": 0.875 / DAY, "K_W": 2000.0, "k_W": 0.004 / DAY, "k_WE": 0.004 / DAY,
    "k_c": float(sp.log(2)) / (15 * YEAR), "k_E": float(sp.log(2)) / (70 * YEAR),
    "a_T": 7.0, "a_N": 2.0, "a_R": 11.0, "a_E": 20.0, "c_max": 1.5, "f3w": 0.5, "k_m": 5e-4,
}
p.update(CHANGED)
F0, C1_0, C3_0, E_0, v = 2500.0, 190.0, 38.0, 8.0, 1.0  # reticular dermis
C0 = C1_0 + C3_0
L0 = p["s_TF"] * F0 / (p["lam_L"] + p["k_a0"])
T0 = p["k_a0"] * L0 / p["lam_T"]


def h(u, k):
    return u / (k + u)


def h2(u, k):
    return u**2 / (k**2 + u**2)


def grad(u):
    return [sp.diff(u, q) for q in (x, y, z)]


def div(flux):
    return sum(sp.diff(f, q) for f, q in zip(flux, (x, y, z)))


def right_hand_side(u):
    """Equations of docs/model.md at T >= T0, C <= C0 and so on: every max(0, .) is open."""
    A, P, L, Lb, T, G, F, N, M1, M2, B, C3, C1, E, D, W = u.values()
    n, M, C = F + N, M1 + M2, C1 + C3
    hT = h(T, p["KTc"]) - h(T0, p["KTc"])
    hTN = (h2(T, p["KTN"]) - h2(T0, p["KTN"])) / (1 - h2(T0, p["KTN"]))
    g = 1 - (1 - h(P, p["K_P"])) * (1 - h(G, p["K_G"]))
    k_a = p["k_a0"] + p["k_a1"] * h(W, p["K_Wa"])
    rho_B = p["k_B0"] + p["k_BM"] * M / p["M_ref"] + p["k_BF"] * n / p["n_ref"]
    clot = 1 + (p["m_clot"] - 1) * B / (B + p["B_half"])

    def diffusion(name, field, factor=1):
        return div([p[name] * factor * d for d in grad(field)])

    w = [p["chi0"] * p["K_c"] / (p["K_c"] + P) ** 2 * d for d in grad(P)]
    room = 1 - n / (p["n_max"] * F0)
    chemotaxis = div([F * room * c / sp.sqrt(1 + (c / p["v_max"]) ** 2) for c in w])

    capacity = F0 * (1 + (p["kappa"] - 1) * g)
    growth = (p["r0"] + p["r1"] * g) * F * (1 - n / capacity)
    to_N = p["k_FN"] * hTN * F
    to_F = p["k_NF"] * (1 - hTN) * N
    recruited = h(D, p["K_D"]) + p["a_MT"] * hT + p["a_MP"] * h(P, p["K_P"])

    q = C / C0
    f3 = C3_0 / C0
    lacking = (p["c_max"] - q) / (p["c_max"] - 1)
    type_iii = f3 + (p["f3w"] - f3) * (1 - q)
    sigma0 = 1e6 * p["k_c"] * C0 / F0
    synthesis = (1e-6 * sigma0 * lacking * (F + p["a_N"] * N)
                 * (1 + p["a_T"] * hT + p["a_R"] * 4 * q * (1 - q)))
    matured = p["k_m"] * (C3 - C3_0 / C1_0 * C1)
    hW = h(W, p["K_W"])

    return {
        "A": -p["k_deg"] * A,
        "P": diffusion("D_P", P, clot) + p["q_P"] * p["k_deg"] * A + p["s_PM"] * M - p["lam_P"] * P
             - p["u_P"] * n * P / (p["K_P"] + P),
        "L": diffusion("D_L", L, clot) + p["q_T"] * (1 - p["f_b"]) * p["k_deg"] * A + p["s_TM"] * M
             + p["s_TF"] * F + p["s_TN"] * N - (p["lam_L"] + k_a) * L,
        "Lb": p["q_T"] * p["f_b"] * p["k_deg"] * A - rho_B * Lb,
        "T": diffusion("D_T", T, clot) + k_a * L + p["y_b"] * rho_B * Lb - p["lam_T"] * T,
        "G": diffusion("D_G", G, clot) + p["q_G"] * p["k_deg"] * A + p["s_GD"] * D + p["s_GM"] * M
             + p["s_GF"] * F * hT - p["lam_G"] * G,
        "F": diffusion("D_F", F) - chemotaxis + growth - to_N + to_F,
        "N": diffusion("D_N", N) + to_N - to_F - (p["d_N0"] + p["d_N1"] * (1 - hTN)) * N,
        "M1": diffusion("D_M", M1) + p["rho_M"] * v * recruited * (1 - M / p["M_max"])
              - (p["k_12"] + p["d_M1"]) * M1,
        "M2": diffusion("D_M", M2) + p["k_12"] * M1 - p["d_M2"] * M2,
        "B": -rho_B * B,
        "C3": type_iii * synthesis - p["k_c"] * C3 - p["k_W"] * hW * C3 - matured,
        "C1": (1 - type_iii) * synthesis - p["k_c"] * C1 - p["k_W"] * hW * C1 + matured,
        "E": p["k_E"] * E_0 * (n / F0) * (1 + p["a_E"] * hT) * (1.5 - E / E_0) / 0.5 - p["k_E"] * E
             - p["k_WE"] * hW * E,
        "D": -(p["k_D0"] + p["k_DM"] * M / p["M_ref"]) * D,
        "W": diffusion("D_W", W, clot) + p["s_W1"] * M1 + p["s_W2"] * M2 + p["s_WF"] * n * g - p["lam_W"] * W,
    }


def check_clear_of_kinks():
    low = {s: b * (1 - a) for s, (b, a, _) in FIELDS.items()}
    high = {s: b * (1 + a) for s, (b, a, _) in FIELDS.items()}
    assert low["T"] > 2 * T0 and high["C1"] + high["C3"] < C0
    assert low["C3"] > C3_0 / C1_0 * high["C1"]
    assert high["M1"] + high["M2"] < p["M_max"] and high["F"] + high["N"] < p["n_max"] * F0 / 2
    assert min(low.values()) > 0 and high["E"] < 1.5 * E_0


def wrapped(items):
    return textwrap.fill(", ".join(items), 106, subsequent_indent="    ", break_long_words=False)


def main():
    check_clear_of_kinks()
    mode = sp.cos(sp.pi * x / SIDES[0]) * sp.cos(sp.pi * y / SIDES[1]) * sp.cos(sp.pi * z / SIDES[2])
    u = {s: b * (1 + a * sp.exp(-t / tau) * mode) for s, (b, a, tau) in FIELDS.items()}
    rates = right_hand_side(u)
    forcing = [sp.diff(u[s], t) - rates[s] for s in FIELDS]
    shared, results = sp.cse(list(u.values()) + forcing, symbols=sp.numbered_symbols("q"), optimizations=None)
    count = len(FIELDS)
    code = C99CodePrinter()
    with open("manufactured.hpp", "w") as out:
        out.write(f"""/// A manufactured solution of the dermal model. Written by tests/reference/make_manufactured.py: change that.
#pragma once

#include <cmath>

namespace kollagen::test::manufactured {{

// clang-format off
inline constexpr int count = {count};
inline constexpr const char* fields[count] = {{
    {wrapped(f'"{s}"' for s in FIELDS)}}};
/// Mean of each field, the scale of its errors.
inline constexpr double means[count] = {{
    {wrapped(repr(b) for b, _, _ in FIELDS.values())}}};
inline constexpr double sides[3] = {{{", ".join(map(str, SIDES))}}};  ///< [um]
struct Parameter {{
  const char* name;
  double value;
}};
inline constexpr Parameter parameters[] = {{
    {wrapped(f'{{"{k}", {w!r}}}' for k, w in CHANGED.items())}}};

/// Exact values `u` and the forcing `f` [u/h] that makes them exact, at a point [um] and a time [h].
inline void evaluate(const double x, const double y, const double z, const double t, double (&u)[count],
                     double (&f)[count]) {{
  using std::cos, std::exp, std::pow, std::sin, std::sqrt;
""")

        def assign(left, expression):
            line = f"  {left} = {code.doprint(expression)};"
            out.write(textwrap.fill(line, 110, subsequent_indent="      ", break_long_words=False,
                                    break_on_hyphens=False) + "\n")

        for symbol, expression in shared:
            assign(f"const double {symbol}", expression)
        for n, expression in enumerate(results):
            assign(f"u[{n}]" if n < count else f"f[{n - count}]", expression)
        out.write("}\n// clang-format on\n\n}  // namespace kollagen::test::manufactured\n")


if __name__ == "__main__":
    main()
