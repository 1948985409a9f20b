#!/usr/bin/env python3
"""Reaction rates of the dermal model in a few fixed states, evaluated apart from the program.

Every formula is written here as it stands in docs/model.md, term by term and net (gains minus losses), in
decimal arithmetic of 40 digits; every parameter is entered in the unit of its source and converted here.
Nothing is imported from the program and no test writes the tables:

    term_parameters.csv  name, nominal value, varied value (internal units: um, h, ng/mL, cells/mm^3, mg/mL)
    term_states.csv      case, parameter set, baseline of the layer, state
    term_rates.csv       case, term, species, net rate per hour (what is not listed is 0)

Run it in this folder to write the tables anew: python3 make_term_rates.py
"""

import csv
import random
from decimal import Decimal as Dec
from decimal import getcontext

getcontext().prec = 40
DAY, SECOND, YEAR = Dec(24), 1 / Dec(3600), Dec("365.25") * 24
LN2 = Dec(2).ln()
SPECIES = "A P L Lb T G F N M1 M2 B C3 C1 E D W".split()
LAYER = "F0 C1_0 C3_0 E_0 v T0".split()


def nominal():
    d = Dec
    return {
        # transport and clot enter no reaction, but their defaults are checked with the rest
        "D_P": d(30) / SECOND, "D_L": d(10) / SECOND, "D_W": d(10) / SECOND, "D_T": d(3) / SECOND,
        "D_G": d(3) / SECOND, "D_F": d(250), "D_N": d(60), "D_M": d(200), "chi0": d(4000), "K_c": d(2),
        "v_max": d(20), "n_max": d(12), "m_clot": d("2.5"), "B_half": d(1), "A0": d("0.75"), "B0": d(6),
        "k_deg": d("7.2"), "q_P": d(83), "q_T": d(120), "f_b": d("0.5"), "y_b": d("0.5"), "q_G": d("0.2"),
        "lam_P": d("0.2"), "u_P": d("2e-3"), "K_P": d(2), "s_PM": d("0.004"), "lam_L": d("0.46"),
        "lam_T": d("0.625"), "k_a0": d("0.01"), "k_a1": d("0.2"), "K_Wa": d(1000),
        "s_TM": d("0.07") / DAY, "s_TF": d("0.004") / DAY, "s_TN": d("7e-4"), "lam_G": d("0.1"),
        "s_GD": d("0.02"), "s_GM": d("2e-4"), "s_GF": d("6e-6"), "K_G": d(1), "KTc": d("0.2"),
        "KTN": d("0.7"), "r1": d("0.924") / DAY, "r0": d("8e-4"), "kappa": d(8), "k_FN": d("0.011"),
        "k_NF": d("0.002"), "d_N0": d("1.25e-3"), "d_N1": d("5e-3"), "rho_M": d(220), "K_D": d("0.2"),
        "M_max": d(4000), "a_MT": d(0), "a_MP": d(0), "k_12": d("0.4") / DAY, "d_M1": d("0.4") / DAY,
        "d_M2": d("0.25") / DAY, "k_D0": d("0.05") / DAY, "k_DM": d("0.35") / DAY, "M_ref": d(1000),
        "k_B0": d("0.05") / DAY, "k_BM": d("0.15") / DAY, "k_BF": d("0.15") / DAY, "n_ref": d(10000),
        "s_W1": d(3) / DAY, "s_W2": d("0.5") / DAY, "s_WF": d("0.02") / DAY, "lam_W": d("0.875") / DAY,
        "K_W": d(2000), "k_W": d("0.004") / DAY, "k_WE": d("0.004") / DAY, "k_c": LN2 / (15 * YEAR),
        "k_E": LN2 / (70 * YEAR), "a_T": d(7), "a_N": d(2), "a_R": d(11), "a_E": d(20), "c_max": d("1.5"),
        "f3w": d("0.5"), "k_m": d("5e-4"),
        "k_b": d(100),
    }


def h(x, k):
    return x / (k + x)


def h2(x, k):
    return x * x / (k * k + x * x)


def rates(p, layer, u):
    """{term: {species: net rate}} of docs/model.md, reactions; p, layer, u are name -> value."""
    zero, one = Dec(0), Dec(1)
    A, P, L, Lb, T, G, F, N, M1, M2, B, C3, C1, E, D, W = (u[s] for s in SPECIES)
    F0, C1_0, C3_0, E_0, v, T0 = (layer[s] for s in LAYER)
    n, M, C, C0 = F + N, M1 + M2, C1 + C3, C1_0 + C3_0
    hT = max(zero, h(T, p["KTc"]) - h(T0, p["KTc"]))
    hTN = max(zero, h2(T, p["KTN"]) - h2(T0, p["KTN"])) / (1 - h2(T0, p["KTN"]))
    g = 1 - (1 - h(P, p["K_P"])) * (1 - h(G, p["K_G"]))
    k_a = p["k_a0"] + p["k_a1"] * h(W, p["K_Wa"])
    rho_B = p["k_B0"] + p["k_BM"] * M / p["M_ref"] + p["k_BF"] * n / p["n_ref"]
    hW = h(W, p["K_W"])
    out = {
        "platelet_release": {
            "A": -p["k_deg"] * A,
            "P": p["q_P"] * p["k_deg"] * A,
            "L": p["q_T"] * (1 - p["f_b"]) * p["k_deg"] * A,
            "Lb": p["q_T"] * p["f_b"] * p["k_deg"] * A,
            "G": p["q_G"] * p["k_deg"] * A,
        },
        "pdgf_clearance": {"P": -p["lam_P"] * P},
        "pdgf_uptake": {"P": -p["u_P"] * n * P / (p["K_P"] + P)},
        "macrophage_pdgf": {"P": p["s_PM"] * M},
        "latent_tgf_macrophage": {"L": p["s_TM"] * M},
        "latent_tgf_fibroblast": {"L": p["s_TF"] * F},
        "latent_tgf_myofibroblast": {"L": p["s_TN"] * N},
        "latent_tgf_loss": {"L": -p["lam_L"] * L},
        "tgf_activation": {"L": -k_a * L, "T": k_a * L},
        "clot_tgf_release": {"Lb": -rho_B * Lb, "T": p["y_b"] * rho_B * Lb},
        "tgf_clearance": {"T": -p["lam_T"] * T},
        "fgf_damage": {"G": p["s_GD"] * D},
        "fgf_macrophage": {"G": p["s_GM"] * M},
        "fgf_fibroblast": {"G": p["s_GF"] * F * hT},
        "fgf_clearance": {"G": -p["lam_G"] * G},
        "mmp_macrophage": {"W": p["s_W1"] * M1 + p["s_W2"] * M2},
        "mmp_fibroblast": {"W": p["s_WF"] * n * g},
        "mmp_clearance": {"W": -p["lam_W"] * W},
        "myofibroblast_transition": {"F": -p["k_FN"] * hTN * F, "N": p["k_FN"] * hTN * F},
        "myofibroblast_reversion": {"F": p["k_NF"] * (1 - hTN) * N, "N": -p["k_NF"] * (1 - hTN) * N},
        "myofibroblast_apoptosis": {"N": -(p["d_N0"] + p["d_N1"] * (1 - hTN)) * N},
        "macrophage_switch": {"M1": -p["k_12"] * M1, "M2": p["k_12"] * M1},
        "macrophage_exit": {"M1": -p["d_M1"] * M1, "M2": -p["d_M2"] * M2},
        "collagen_degradation": {"C3": -p["k_W"] * hW * C3, "C1": -p["k_W"] * hW * C1},
        "elastin_degradation": {"E": -p["k_WE"] * hW * E},
        "clot_clearance": {"B": -rho_B * B},
        "debris_clearance": {"D": -(p["k_D0"] + p["k_DM"] * M / p["M_ref"]) * D},
    }
    if F0 > 0:
        K = F0 * (1 + (p["kappa"] - 1) * g)
        out["fibroblast_growth"] = {"F": (p["r0"] + p["r1"] * g) * F * (1 - n / K)}
        recruited = h(D, p["K_D"]) + p["a_MT"] * hT + p["a_MP"] * h(P, p["K_P"])
        out["macrophage_influx"] = {"M1": p["rho_M"] * v * recruited * max(zero, 1 - M / p["M_max"])}
        out["collagen_turnover"] = {"C3": -p["k_c"] * C3, "C1": -p["k_c"] * C1}
        out["elastin_turnover"] = {"E": -p["k_E"] * E}
    if F0 > 0 and C0 > 0:
        x, f3 = C / C0, C3_0 / C0
        sigma0 = Dec("1e6") * p["k_c"] * C0 / F0
        deficit = max(zero, (p["c_max"] - x) / (p["c_max"] - 1))
        ph = f3 + (p["f3w"] - f3) * max(zero, 1 - x)
        gain = 1 + p["a_T"] * hT + p["a_R"] * 4 * x * max(zero, 1 - x)
        syn = Dec("1e-6") * sigma0 * deficit * (F + p["a_N"] * N) * gain
        out["collagen_synthesis"] = {"C3": ph * syn, "C1": (one - ph) * syn}
    if C1_0 > 0:
        R = p["k_m"] * max(zero, C3 - C3_0 / C1_0 * C1)
        out["collagen_maturation"] = {"C3": -R, "C1": R}
    if F0 > 0 and E_0 > 0:
        crowding = (Dec("1.5") - E / E_0) / Dec("0.5")
        out["elastin_synthesis"] = {"E": p["k_E"] * E_0 * n / F0 * (1 + p["a_E"] * hT) * crowding}
    return out


def text(x):
    """Enough digits for the nearest double, and no more."""
    return repr(float(x))


def main():
    rng = random.Random(20260)
    parameters = {name: float(value) for name, value in nominal().items()}
    # every parameter moved by its own share, so that a swapped pair shows; what is 0 is switched on
    varied = {
        name: float(text((value or 0.4) * (1 + rng.choice([-1, 1]) * rng.uniform(0.05, 0.2))))
        for name, value in parameters.items()
    }
    sets = {"nominal": parameters, "varied": varied}
    layers = {
        "reticular": [2500, 190, 38, 8, 1, 0.0142],
        "papillary": [3500, 95, 30, 4, 1, 0.0199],
        "subcutis": [500, 20, 5, 1, 0.3, 0.003],
        "epidermis": [0, 0, 0, 0, 0, 0.004],
        "no collagen": [900, 0, 0, 2, 0.5, 0.01],
        "no collagen I": [900, 0, 12, 0, 0.5, 0.2],
    }

    def state(layer, wound):
        """A state of wounded skin; `wound` from 0 (closed) to 1 (fresh) scales the signals."""
        F0, C1_0, C3_0, E_0, _, T0 = layer
        u = rng.uniform
        return [u(0, 0.75) * wound, u(0, 12) * wound, T0 * 40 + u(0, 5) * wound, u(0, 40) * wound,
                T0 * 2 + u(0, 1.2) * wound, u(0, 2) * wound, F0 * u(0.1, 3), F0 * u(0, 2) * wound,
                u(0, 1500) * wound, u(0, 1200) * wound, 6 * u(0, 1) * wound, C3_0 * u(0.3, 1.5) + 1,
                C1_0 * u(0.1, 1), E_0 * u(0.2, 1), u(0, 1) * wound, u(0, 2000) * wound]

    cases = []
    for name, layer in layers.items():
        cases.append((name, "nominal", layer, state(layer, 1)))
        cases.append((name + ", varied", "varied", layer, state(layer, 0.6)))
    reticular = layers["reticular"]
    special = dict(zip(SPECIES, state(reticular, 1)))

    def changed(**values):
        return [values.get(s, special[s]) for s in SPECIES]

    cases += [
        ("nothing there", "nominal", reticular, [0] * 16),
        ("active TGF-beta below its baseline", "nominal", reticular, changed(T=0.01)),
        ("collagen beyond the baseline", "varied", reticular, changed(C3=60, C1=210)),
        ("collagen beyond crowding", "nominal", reticular, changed(C3=120, C1=280)),
        ("type III below its ratio", "varied", reticular, changed(C3=5, C1=120)),
        ("macrophages beyond their cap", "nominal", reticular, changed(M1=3000, M2=1500)),
        ("elastin beyond crowding", "varied", reticular, changed(E=13)),
    ]

    def table(path, header, rows):
        with open(path, "w", newline="") as file:
            writer = csv.writer(file, delimiter=";", lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)

    table("term_parameters.csv", ["name", "nominal", "varied"],
          [[name, text(parameters[name]), text(varied[name])] for name in parameters])
    table("term_states.csv", ["case", "set", *LAYER, *SPECIES],
          [[case, which, *map(text, layer), *map(text, u)] for case, which, layer, u in cases])
    rows = []
    for case, which, layer, u in cases:
        # the doubles that the tables hold are the exact input
        exact = {name: Dec(value) for name, value in sets[which].items()}
        found = rates(exact, dict(zip(LAYER, map(Dec, map(float, layer)))),
                      dict(zip(SPECIES, map(Dec, map(float, u)))))
        for term, changes in found.items():
            rows += [[case, term, s, text(value)] for s, value in changes.items() if value]
    table("term_rates.csv", ["case", "term", "species", "rate"], rows)


if __name__ == "__main__":
    main()
