/// Models as data, and every reaction term against rates evaluated elsewhere and against what must always
/// hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "host/model_setup.hpp"
#include "kernels/model_traits.hpp"
#include "kollagen/column.hpp"
#include "kollagen/storage.hpp"

namespace kollagen {
namespace {

constexpr int species_count = Dermal::count;
using Values = std::map<std::string, double>;

// --- tables of tests/reference -------------------------------------------------------------------------

using Row = std::map<std::string, std::string>;

/// Rows of a table with a header line and ';' between its columns.
std::vector<Row> read_table(const std::string& name) {
  std::ifstream file(KOLLAGEN_SOURCE_DIR "/tests/reference/" + name);
  if (!file) throw std::runtime_error("cannot read tests/reference/" + name);
  const auto split = [](const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ';');) cells.push_back(cell);
    return cells;
  };
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> header = split(line);
  std::vector<Row> rows;
  while (std::getline(file, line)) {
    const std::vector<std::string> cells = split(line);
    if (cells.size() != header.size()) throw std::runtime_error(name + ": a row of another length: " + line);
    Row row;
    for (std::size_t i = 0; i < cells.size(); ++i) row[header[i]] = cells[i];
    rows.push_back(row);
  }
  return rows;
}

Values parameter_set(const std::string& column) {
  Values values;
  for (const Row& row : read_table("term_parameters.csv")) values[row.at("name")] = std::stod(row.at(column));
  return values;
}

// --- evaluating a model ---------------------------------------------------------------------------------

std::vector<std::string> reaction_names(const ModelInfo& info) {
  std::vector<std::string> names;
  for (const TermInfo& term : info.terms)
    if (term.name != "diffusion" && term.name != "chemotaxis") names.push_back(term.name);
  return names;
}

/// All terms but `kept` are switched off.
std::vector<std::string> all_but(const ModelInfo& info, const std::vector<std::string>& kept) {
  std::vector<std::string> names;
  for (const TermInfo& term : info.terms)
    if (std::find(kept.begin(), kept.end(), term.name) == kept.end()) names.push_back(term.name);
  return names;
}

Column one_cell_column(const double F0, const double C1_0, const double C3_0, const double E_0,
                       const double vessels, const double L0, const double T0) {
  Column column;
  column.layer = {0};
  column.diffusivity = {1};
  column.fibroblasts = {F0};
  column.collagen_i = {C1_0};
  column.collagen_iii = {C3_0};
  column.elastin = {E_0};
  column.vessels = {vessels};
  column.tgf_latent = {L0};
  column.tgf_active = {T0};
  return column;
}

const Column reticular = one_cell_column(2500, 190, 38, 8, 1, 0.887, 0.0142);

template <class Model, unsigned Mask = (1u << Model::count) - 1>
Rates<Model::count, Mask> evaluate(const Model& model, const Column& column,
                                   const std::vector<double>& state) {
  Real u[Model::count], site[Model::site_count];
  std::copy(state.begin(), state.end(), u);
  model.fill_site(column, 0, site);
  Rates<Model::count, Mask> r;
  model.rates(u, site, r);
  return r;
}

double net(const Rates<species_count>& r, const std::vector<double>& u, const int n) {
  return r.production[n] - r.loss[n] * u[n];
}
double magnitude(const Rates<species_count>& r, const std::vector<double>& u, const int n) {
  return std::abs(r.production[n]) + std::abs(r.loss[n] * u[n]);
}

/// Upper ends of what the species reach in a wound, and beyond.
const std::vector<double> busy{1, 60, 20, 45, 6, 5, 4e4, 3e4, 4500, 4500, 8, 120, 300, 14, 1, 5000};

/// States of non-negative species, spread evenly up to twice `busy`, each species at 0 now and then.
std::vector<std::vector<double>> random_states(const int count, const int states) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> share(0, 2);
  std::vector<std::vector<double>> result;
  for (int s = 0; s < states; ++s) {
    std::vector<double> u;
    for (int n = 0; n < count; ++n) {
      const double top = count == species_count ? busy[n] : 1;
      u.push_back(random() % 4 == 0 ? 0 : share(random) * top);
    }
    result.push_back(u);
  }
  return result;
}

// --- against independent rates --------------------------------------------------------------------------

TEST(DermalTerms, DefaultsAreTheTabulatedValues) {
  const Values table = parameter_set("nominal");
  const ModelInfo& info = model_info("dermal");
  EXPECT_EQ(info.parameters.size(), table.size());
  for (const ParameterInfo& parameter : info.parameters) {
    ASSERT_TRUE(table.count(parameter.name)) << parameter.name << " is not in term_parameters.csv";
    // both sides round a conversion such as 0.07 / 24 differently, by a few units in the last place
    EXPECT_NEAR(parameter.value, table.at(parameter.name), 1e-15 * std::abs(parameter.value))
        << parameter.name;
  }
}

TEST(DermalTerms, AgreeWithAnIndependentEvaluation) {
  const ModelInfo& info = model_info("dermal");
  std::map<std::string, Values> expected;  // case/term -> species -> rate
  std::set<std::string> covered;
  for (const Row& row : read_table("term_rates.csv")) {
    expected[row.at("case") + "/" + row.at("term")][row.at("species")] = std::stod(row.at("rate"));
    covered.insert(row.at("term"));
  }
  for (const std::string& term : reaction_names(info))
    EXPECT_TRUE(covered.count(term)) << term << " has no expected rates";
  EXPECT_EQ(covered.size(), reaction_names(info).size());

  int compared = 0;
  for (const Row& row : read_table("term_states.csv")) {
    const auto value = [&](const char* name) { return std::stod(row.at(name)); };
    const Column column =
        one_cell_column(value("F0"), value("C1_0"), value("C3_0"), value("E_0"), value("v"), 0, value("T0"));
    std::vector<double> u;
    for (const SpeciesInfo& species : info.species) u.push_back(value(species.symbol));
    const Values parameters = parameter_set(row.at("set"));
    std::vector<double> sum(species_count, 0.0);
    for (const std::string& term : reaction_names(info)) {
      const auto r = evaluate(configured_model<Dermal>(parameters, all_but(info, {term})), column, u);
      const Values& rates = expected[row.at("case") + "/" + term];
      for (int n = 0; n < species_count; ++n) {
        const auto it = rates.find(info.species[n].symbol);
        const double rate = it == rates.end() ? 0 : it->second;
        sum[n] += rate;
        // gains and losses are kept apart, so a net rate is as exact as the larger of both
        EXPECT_NEAR(net(r, u, n), rate, 1e-12 * magnitude(r, u, n))
            << row.at("case") << ", " << term << ", " << info.species[n].name;
        ++compared;
      }
    }
    const auto r = evaluate(configured_model<Dermal>(parameters, {}), column, u);
    for (int n = 0; n < species_count; ++n)
      EXPECT_NEAR(net(r, u, n), sum[n], 1e-12 * magnitude(r, u, n))
          << row.at("case") << ", all terms, " << info.species[n].name;
  }
  EXPECT_EQ(compared, 19 * 34 * 16) << "cases, terms, species";
}

// --- what holds for every model --------------------------------------------------------------------------

template <class Model>
void check_production_and_loss(const Column& column) {
  const ModelInfo& info = model_info(Model::name);
  std::vector<std::vector<std::string>> switches{{}};
  for (const std::string& term : reaction_names(info)) switches.push_back(all_but(info, {term}));
  for (const auto& disabled : switches) {
    const Model model = configured_model<Model>({}, disabled);
    for (const std::vector<double>& u : random_states(Model::count, 500)) {
      const auto r = evaluate(model, column, u);
      for (int n = 0; n < Model::count; ++n) {
        ASSERT_TRUE(std::isfinite(r.production[n]) && r.production[n] >= 0)
            << info.name << ", " << info.species[n].name << ": production " << r.production[n];
        ASSERT_TRUE(std::isfinite(r.loss[n]) && r.loss[n] >= 0)
            << info.name << ", " << info.species[n].name << ": loss " << r.loss[n];
      }
    }
  }
}

TEST(EveryModel, ProductionAndLossAreNeverNegative) {
  for_each_model([](auto type) {
    using Model = typename decltype(type)::type;
    check_production_and_loss<Model>(reticular);
    check_production_and_loss<Model>(one_cell_column(0, 0, 0, 0, 0, 0, 0));
  });
}

TEST(EveryModel, MaskedRatesAreThoseOfTheFullEvaluation) {
  for_each_model([](auto type) {
    using Model = typename decltype(type)::type;
    const Model model;
    for (const std::vector<double>& u : random_states(Model::count, 50)) {
      const auto full = evaluate(model, reticular, u);
      const auto one = [&](auto index) {
        constexpr int n = decltype(index)::value;
        const auto r = evaluate<Model, 1u << n>(model, reticular, u);
        for (int m = 0; m < Model::count; ++m) {
          EXPECT_EQ(r.production[m], m == n ? full.production[m] : 0) << Model::name << " " << n << " " << m;
          EXPECT_EQ(r.loss[m], m == n ? full.loss[m] : 0) << Model::name << " " << n << " " << m;
        }
      };
      [&]<int... N>(std::integer_sequence<int, N...>) { (one(std::integral_constant<int, N>()), ...); }
      (std::make_integer_sequence<int, Model::count>());
    }
  });
}

/// A state in mixed precision computes its rates with Single: some ten operations that round by 6e-8 each, in sums that may
/// cancel, so that errors are small against the largest rate of a species and not against each.
TEST(DermalTerms, RatesInFloatAreThoseInDouble) {
  const Dermal model;
  double difference[species_count][2] = {}, largest[species_count][2] = {};
  for (std::vector<double> state : random_states(species_count, 2000)) {
    for (double& v : state) v = float(v);
    const auto exact = evaluate(model, reticular, state);
    Real at[Dermal::site_count];
    model.fill_site(reticular, 0, at);
    Single u[species_count], site[Dermal::site_count];
    std::copy(state.begin(), state.end(), u);
    std::copy(std::begin(at), std::end(at), site);
    Rates<species_count, (1u << species_count) - 1, Single> r;
    model.rates(u, site, r);
    for (int n = 0; n < species_count; ++n) {
      const double rounded[2] = {Real(r.production[n]), Real(r.loss[n])}, rates[2] = {exact.production[n], exact.loss[n]};
      for (int side = 0; side < 2; ++side) {
        difference[n][side] = std::max(difference[n][side], std::abs(rounded[side] - rates[side]));
        largest[n][side] = std::max(largest[n][side], rates[side]);
      }
    }
  }
  double most = 0;
  for (int n = 0; n < species_count; ++n)
    for (int side = 0; side < 2; ++side) {
      EXPECT_LE(difference[n][side], 1e-6 * largest[n][side]) << model_info("dermal").species[n].name << " " << side;
      most = std::max(most, difference[n][side] / (1e-300 + largest[n][side]));
    }
  EXPECT_GT(most, 1e-8) << "was it computed in double?";
}

TEST(EveryModel, SaysWhatItsPartsAre) {
  for (const std::string& name : model_names()) {
    const ModelInfo& info = model_info(name);
    std::set<std::string> parameters, terms, symbols;
    for (const ParameterInfo& p : info.parameters) {
      EXPECT_TRUE(parameters.insert(p.name).second) << name << ": two parameters are called " << p.name;
      EXPECT_FALSE(p.unit.empty()) << name << ": " << p.name;
      EXPECT_GT(p.doc.size(), 3u) << name << ": " << p.name;
      EXPECT_FALSE(p.term.empty()) << name << ": " << p.name;
      EXPECT_LT(p.lower, p.upper) << name << ": " << p.name;
      EXPECT_GE(p.value, p.lower) << name << ": " << p.name;
      EXPECT_LE(p.value, p.upper) << name << ": " << p.name;
      const std::string tag = p.source.substr(0, 3);
      EXPECT_TRUE(tag == "[R]" || tag == "[M]" || tag == "[C]" || tag == "[A]")
          << name << ": " << p.name << ": the source starts with a tag of docs/model.md: " << p.source;
    }
    for (const TermInfo& term : info.terms) {
      EXPECT_TRUE(terms.insert(term.name).second) << name << ": two terms are called " << term.name;
      EXPECT_FALSE(term.equation.empty()) << name << ": " << term.name;
      EXPECT_GT(term.doc.size(), 3u) << name << ": " << term.name;
    }
    for (const SpeciesInfo& s : info.species) {
      EXPECT_TRUE(symbols.insert(s.symbol).second) << name << ": " << s.symbol;
      EXPECT_GT(s.absolute_tolerance, 0) << name << ": " << s.name;
      EXPECT_EQ(s.motion == Motion::none, s.diffusivity == nullptr) << name << ": " << s.name;
      if (s.diffusivity) {
        EXPECT_TRUE(parameters.count(s.diffusivity)) << name << ": " << s.diffusivity;
      }
    }
  }
}

TEST(EveryModel, MovesWithTheDiffusivityItNames) {
  for_each_model([](auto type) {
    using Model = typename decltype(type)::type;
    const ModelInfo& info = model_info(Model::name);
    Values moved;  // unequal, so that a swapped pair shows
    for (const SpeciesInfo& s : info.species)
      if (s.diffusivity) moved.emplace(s.diffusivity, 10.0 + double(moved.size()));
    const Model model = configured_model<Model>(moved, {});
    const Model resting = configured_model<Model>(moved, {"diffusion"});
    for (int n = 0; n < Model::count; ++n) {
      const char* parameter = info.species[n].diffusivity;
      EXPECT_EQ(model.diffusivity(n), parameter ? moved.at(parameter) : 0) << info.species[n].name;
      EXPECT_EQ(resting.diffusivity(n), 0) << info.species[n].name;
    }
  });
}

TEST(EveryModel, RefusesWhatItDoesNotHave) {
  const auto error_of = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_NE(error_of([] { configured_model<Dermal>({{"D_Q", 1}}, {}); }).find("D_Q"), std::string::npos);
  EXPECT_NE(error_of([] { configured_model<Linear>({}, {"platelet_release"}); }).find("platelet_release"),
            std::string::npos);
  EXPECT_NE(error_of([] {
              configured_model<Dermal>({{"f_b", 1.5}}, {});
            }).find("allowed: 0 to 1"),
            std::string::npos);
  EXPECT_NE(error_of([] { configured_model<Dermal>({{"f_b", NAN}}, {}); }).find("f_b"), std::string::npos);
  EXPECT_NE(error_of([] { model_info("derma"); }).find("dermal, linear, fisher-kpp"), std::string::npos);
  EXPECT_NE(error_of([] { with_model("derma", [](auto) {}); }).find("derma"), std::string::npos);
}

// --- the dermal model -------------------------------------------------------------------------------------

TEST(Dermal, SpeciesAreInTheOrderOfTheirIndices) {
  const ModelInfo& info = model_info("dermal");
  const std::vector<std::pair<int, std::string>> expected{{Dermal::A, "platelets"},
                                                          {Dermal::P, "pdgf"},
                                                          {Dermal::L, "tgf_beta_latent"},
                                                          {Dermal::Lb, "tgf_beta_bound"},
                                                          {Dermal::T, "tgf_beta"},
                                                          {Dermal::G, "fgf2"},
                                                          {Dermal::F, "fibroblasts"},
                                                          {Dermal::N, "myofibroblasts"},
                                                          {Dermal::M1, "macrophages_m1"},
                                                          {Dermal::M2, "macrophages_m2"},
                                                          {Dermal::B, "provisional_matrix"},
                                                          {Dermal::C3, "collagen_iii"},
                                                          {Dermal::C1, "collagen_i"},
                                                          {Dermal::E, "elastin"},
                                                          {Dermal::D, "damage"},
                                                          {Dermal::W, "mmp"}};
  ASSERT_EQ(info.species.size(), expected.size());
  for (const auto& [index, name] : expected) {
    EXPECT_EQ(info.species[index].name, name);
    EXPECT_EQ(info.find_species(name), index);
    EXPECT_EQ(info.find_species(info.species[index].symbol), index);
  }
  EXPECT_EQ(info.find_species("K7"), -1);
  EXPECT_EQ(info.parameters[info.find_parameter("k_FN")].term, "myofibroblast_transition");
  EXPECT_EQ(info.find_parameter("k_fn"), -1);
}

TEST(Dermal, AcceptsTheFibroticBranch) {
  const Values branch{{"kappa", 8},    {"KTN", 0.8},   {"a_R", 20},    {"d_N1", 0.005}, {"k_NF", 0.0025},
                      {"k_m", 0.0004}, {"k_FN", 0.01}, {"s_GF", 2e-5}, {"s_GM", 1e-4},  {"s_TN", 8.33e-4}};
  EXPECT_EQ(find_term<dermal::FgfFibroblast>(configured_model<Dermal>(branch, {}).terms).first.s_GF, 2e-5);
}

/// Intact skin rests in every layer: exactly up to rounding, species by species. L and T rest locally where
/// nothing diffuses; between layers their transport balances what is left (tests of the solver).
TEST(Dermal, IntactSkinIsASteadyState) {
  struct Baseline {
    const char* name;
    double F0, C1_0, C3_0, E_0, v;
  };
  const Baseline layers[]{{"epidermis", 0, 0, 0, 0, 0},           {"papillary", 3500, 95, 30, 4, 1},
                          {"reticular", 2500, 190, 38, 8, 1},     {"subcutis", 500, 20, 5, 1, 0.3},
                          {"no elastin", 700, 40, 10, 0, 1},      {"bare collagen", 0, 40, 10, 3, 0},
                          {"collagen III only", 700, 0, 10, 3, 1}};
  for (const Values& parameters : {Values{}, parameter_set("varied")}) {
    const Dermal model = configured_model<Dermal>(parameters, {});
    const HomeostasisParameters p = model.homeostasis();
    for (const Baseline& b : layers) {
      const double L0 = p.s_TF * b.F0 / (p.lam_L + p.k_a0), T0 = p.k_a0 * L0 / p.lam_T;
      if (parameters.empty() && b.F0 == 2500) {
        EXPECT_NEAR(L0, 0.887, 5e-4);
        EXPECT_NEAR(T0, 0.0142, 5e-5);
      }
      std::vector<double> u(species_count, 0.0);
      u[Dermal::L] = L0, u[Dermal::T] = T0, u[Dermal::F] = b.F0;
      u[Dermal::C1] = b.C1_0, u[Dermal::C3] = b.C3_0, u[Dermal::E] = b.E_0;
      const auto r = evaluate(model, one_cell_column(b.F0, b.C1_0, b.C3_0, b.E_0, b.v, L0, T0), u);
      for (int n = 0; n < species_count; ++n)
        EXPECT_NEAR(net(r, u, n), 0, 1e-15 * magnitude(r, u, n)) << b.name << ", species " << n;
    }
  }
}

TEST(Dermal, HomeostasisFollowsTheSwitches) {
  const HomeostasisParameters p = configured_model<Dermal>({{"s_TF", 0.5}, {"k_a0", 0.25}}, {}).homeostasis();
  EXPECT_EQ(p.D_L, 36000);
  EXPECT_EQ(p.D_T, 10800);
  EXPECT_EQ(p.s_TF, 0.5);
  EXPECT_EQ(p.lam_L, 0.46);
  EXPECT_EQ(p.k_a0, 0.25);
  EXPECT_EQ(p.lam_T, 0.625);
  const HomeostasisParameters off =
      configured_model<Dermal>({}, {"latent_tgf_fibroblast", "tgf_activation", "diffusion"}).homeostasis();
  EXPECT_EQ(off.s_TF, 0);
  EXPECT_EQ(off.k_a0, 0);
  EXPECT_EQ(off.D_L, 0);
  EXPECT_THROW(configured_model<Dermal>({}, {"latent_tgf_loss", "tgf_activation"}).homeostasis(), InputError);
  EXPECT_THROW(configured_model<Dermal>({}, {"tgf_clearance"}).homeostasis(), InputError);
  const HomeostasisParameters inert =
      configured_model<Dermal>({}, {"tgf_clearance", "tgf_activation"}).homeostasis();
  EXPECT_EQ(inert.k_a0 * inert.s_TF / inert.lam_T, 0) << "no active TGF-beta, and a number";
}

/// An integrator may leave a field below zero by its tolerance; nothing may blow up there.
TEST(Dermal, MaturationIsBoundedBesideZero) {
  const Dermal model =
      configured_model<Dermal>({{"k_m", 0.25}}, all_but(model_info("dermal"), {"collagen_maturation"}));
  for (const double C3 : {-1e-2, -1e-12, 0.0, 1e-12, 30.0})
    for (const double C1 : {-1e-2, -1e-12, 0.0, 1e-12, 30.0}) {
      std::vector<double> u(species_count, 0.0);
      u[Dermal::C3] = C3, u[Dermal::C1] = C1;
      const auto r = evaluate(model, reticular, u);
      EXPECT_GE(r.loss[Dermal::C3], 0) << C3 << " " << C1;
      EXPECT_LE(r.loss[Dermal::C3], 0.25) << C3 << " " << C1;
    }
}

TEST(Dermal, TransfersConserve) {
  const ModelInfo& info = model_info("dermal");
  struct Transfer {
    std::vector<std::string> terms;
    std::vector<int> species;
  };
  const Transfer transfers[]{
      {{"myofibroblast_transition", "myofibroblast_reversion"}, {Dermal::F, Dermal::N}},
      {{"macrophage_switch"}, {Dermal::M1, Dermal::M2}},
      {{"tgf_activation"}, {Dermal::L, Dermal::T}},
      {{"collagen_maturation"}, {Dermal::C3, Dermal::C1}}};
  for (const std::vector<double>& u : random_states(species_count, 200)) {
    for (const Transfer& transfer : transfers) {
      const auto r = evaluate(configured_model<Dermal>({}, all_but(info, transfer.terms)), reticular, u);
      double sum = 0, scale = 0;
      for (const int n : transfer.species) sum += net(r, u, n), scale += magnitude(r, u, n);
      EXPECT_NEAR(sum, 0, 1e-15 * scale) << transfer.terms[0];
      for (int n = 0; n < species_count; ++n) {
        if (std::find(transfer.species.begin(), transfer.species.end(), n) == transfer.species.end()) {
          EXPECT_EQ(magnitude(r, u, n), 0) << transfer.terms[0] << " changes species " << n;
        }
      }
    }
    // what platelets lose appears as signals; what the clot loses of TGF-beta is half active, half lost
    const auto released =
        evaluate(configured_model<Dermal>({}, all_but(info, {"platelet_release"})), reticular, u);
    const double lost = -net(released, u, Dermal::A);
    EXPECT_NEAR(net(released, u, Dermal::L) + net(released, u, Dermal::Lb), 120 * lost, 1e-14 * 120 * lost);
    EXPECT_NEAR(net(released, u, Dermal::P), 83 * lost, 1e-14 * 83 * lost);
    const auto freed =
        evaluate(configured_model<Dermal>({}, all_but(info, {"clot_tgf_release"})), reticular, u);
    EXPECT_NEAR(net(freed, u, Dermal::T), -0.5 * net(freed, u, Dermal::Lb), 1e-14 * net(freed, u, Dermal::T));
  }
}

TEST(Dermal, MotionIsTheDocumentedLaw) {
  const Dermal model;
  const auto law = model.chemotaxis();
  ASSERT_TRUE(law.has_value());
  EXPECT_EQ(law->species, Dermal::F);
  EXPECT_EQ(law->attractant, Dermal::P);
  EXPECT_EQ(law->crowd_a, Dermal::F);
  EXPECT_EQ(law->crowd_b, Dermal::N);
  EXPECT_EQ(law->crowding, 12);
  EXPECT_TRUE(law->crowding_by_habitat);
  // left 1, right 3 ng/mL, 5 um apart: c = 2, w = 4000 * 2 / (2 + 2)^2 * 2 / 5 = 200, v = 200 / sqrt(1 +
  // 10^2)
  EXPECT_NEAR(law->velocity(1, 3, 0.2), 200 / std::sqrt(101.0), 1e-12);
  EXPECT_NEAR(law->velocity(3, 1, 0.2), -200 / std::sqrt(101.0), 1e-12);
  EXPECT_FALSE(configured_model<Dermal>({}, {"chemotaxis"}).chemotaxis().has_value());
  EXPECT_FALSE(configured_model<Dermal>({{"chi0", 0}}, {}).chemotaxis().has_value());

  const ClotFactor clot = configured_model<Dermal>({{"m_clot", 4}, {"B_half", 2}}, {}).clot_factor();
  EXPECT_EQ(clot.species, Dermal::B);
  EXPECT_EQ(clot(0), 1);
  EXPECT_DOUBLE_EQ(clot(6), 1 + 3 * 0.75);
  EXPECT_EQ(Linear().clot_factor().species, -1);

  const auto plain = KellerSegel().chemotaxis();
  ASSERT_TRUE(plain.has_value());
  EXPECT_DOUBLE_EQ(plain->velocity(1, 3, 0.2), 4000 * 0.4);
  EXPECT_EQ(plain->crowding, 0);
  EXPECT_FALSE(configured_model<KellerSegel>({}, {"chemotaxis"}).chemotaxis().has_value());
  EXPECT_FALSE(FisherKpp().chemotaxis().has_value());
}

// --- verification models, by hand
// ---------------------------------------------------------------------------

TEST(VerificationModels, RatesAreTheDocumentedOnes) {
  const auto net_of = [](const auto& model, const std::vector<double>& u) {
    const auto r = evaluate(model, reticular, u);
    std::vector<double> result;
    for (std::size_t n = 0; n < u.size(); ++n) result.push_back(r.production[n] - r.loss[n] * u[n]);
    return result;
  };
  const auto expect = [](const std::vector<double>& found, const std::vector<double>& wanted) {
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t n = 0; n < wanted.size(); ++n)
      EXPECT_NEAR(found[n], wanted[n], 1e-14 * (1 + std::abs(wanted[n]))) << n;
  };
  const Values linear{{"lam_u", 2},     {"lam_v", 3},     {"lam_w", 5}, {"source_u", 7},
                      {"source_v", 11}, {"source_w", 13}, {"k_uv", 17}, {"k_vu", 19}};
  expect(net_of(configured_model<Linear>(linear, {}), {0.5, 0.25, 0.125}),
         {7 - 1 - 8.5 + 4.75, 11 - 0.75 + 8.5 - 4.75, 13 - 0.625});
  expect(net_of(configured_model<FisherKpp>({{"r", 0.5}, {"K", 4}}, {}), {3}), {0.5 * 3 * 0.25});
  expect(net_of(configured_model<KellerSegel>({{"a", 2}, {"b", 3}}, {}), {5, 7}), {0, 10 - 21});
  expect(net_of(configured_model<GrayScott>({{"feed", 0.25}, {"kill", 0.5}}, {}), {0.5, 3}),
         {-4.5 + 0.125, 4.5 - 2.25});
  expect(net_of(configured_model<Schnakenberg>({{"a", 0.5}, {"b", 0.75}, {"gamma", 2}}, {}), {3, 5}),
         {2 * (0.5 - 3 + 45), 2 * (0.75 - 45)});
  expect(net_of(Schnakenberg(), {1, 0.9}), {0, 0});
}

// --- known solutions of ordinary differential equations
// -----------------------------------------------------

/// Classic Runge-Kutta of fourth order on the reactions of one cell; `watch(t, u)` sees every step.
template <class Watch>
void integrate(const Dermal& model, const Column& column, std::vector<double> u, const double end,
               const int steps, const Watch& watch) {
  const double dt = end / steps;
  const auto slope = [&](const std::vector<double>& v) {
    const auto r = evaluate(model, column, v);
    std::vector<double> f(species_count);
    for (int n = 0; n < species_count; ++n) f[n] = net(r, v, n);
    return f;
  };
  const auto moved = [](const std::vector<double>& a, const double by, const std::vector<double>& f) {
    std::vector<double> b = a;
    for (std::size_t n = 0; n < a.size(); ++n) b[n] += by * f[n];
    return b;
  };
  watch(0.0, u);
  for (int s = 1; s <= steps; ++s) {
    const auto k1 = slope(u), k2 = slope(moved(u, dt / 2, k1)), k3 = slope(moved(u, dt / 2, k2));
    const auto k4 = slope(moved(u, dt, k3));
    for (int n = 0; n < species_count; ++n) u[n] += dt / 6 * (k1[n] + 2 * k2[n] + 2 * k3[n] + k4[n]);
    watch(s * dt, u);
  }
}

/// F0 500, K 15000, r 0.924 per day: F(5 d) and the day of half the capacity (docs/verification.md, V8).
TEST(KnownSolutions, LogisticGrowth) {
  const Dermal model = configured_model<Dermal>({{"r0", 0.924 / 24}, {"r1", 0}},
                                                all_but(model_info("dermal"), {"fibroblast_growth"}));
  std::vector<double> u(species_count, 0.0);
  u[Dermal::F] = 500;
  double last = 0, half_time = 0, previous = 500;
  const double dt = 0.05;
  integrate(model, one_cell_column(15000, 190, 38, 8, 1, 0, 0), u, 120, 2400,
            [&](const double t, const std::vector<double>& v) {
              last = v[Dermal::F];
              if (previous < 7500 && last >= 7500) half_time = t - dt * (last - 7500) / (last - previous);
              previous = last;
            });
  EXPECT_NEAR(last, 11666.51, 0.005) << "all digits of the reference";
  EXPECT_NEAR(half_time / 24, 3.6443, 5e-5) << "all digits of the reference";
}

/// A -> P -> nothing: PDGF peaks at 56.192 ng/mL after 0.51193 h, 69.88 % is released in 10 min (V9).
TEST(KnownSolutions, PlateletChain) {
  const Dermal model =
      configured_model<Dermal>({}, all_but(model_info("dermal"), {"platelet_release", "pdgf_clearance"}));
  std::vector<double> u(species_count, 0.0);
  u[Dermal::A] = 0.75;
  double peak = 0, peak_time = 0, released = 0;
  const int steps = 12000;
  integrate(model, reticular, u, 1, steps, [&](const double t, const std::vector<double>& v) {
    if (v[Dermal::P] > peak) peak = v[Dermal::P], peak_time = t;
    if (std::abs(t - 1.0 / 6) < 0.5 / steps) released = 1 - v[Dermal::A] / 0.75;
  });
  EXPECT_NEAR(peak, 56.192, 5e-4) << "all digits of the reference";
  EXPECT_NEAR(peak_time, 0.51193, 1.0 / steps) << "to one step";
  EXPECT_NEAR(released, 0.6988, 5e-5) << "all digits of the reference";
}

/// Platelets, bound TGF-beta, clot and debris: where there are none, none come (SolveTraits::first_rest), so that a step
/// need not go there.
TEST(DermalTerms, WhatNeedlesLeaveDoesNotAppearByItself) {
  using Traits = SolveTraits<Dermal>;
  ASSERT_TRUE(Traits::first_rest);
  const Dermal model = configured_model<Dermal>({}, {});
  bool others_are_made = false;
  for (std::vector<double> u : random_states(species_count, 200)) {
    for (int n = 0; n < species_count; ++n)
      if ((Traits::local_first >> n) & 1u) u[std::size_t(n)] = 0;
    const auto r = evaluate(model, reticular, u);
    for (int n = 0; n < species_count; ++n) {
      if ((Traits::local_first >> n) & 1u)
        EXPECT_EQ(r.production[n], 0) << model_info("dermal").species[std::size_t(n)].name;
      else
        others_are_made = others_are_made || r.production[n] > 0;
    }
  }
  EXPECT_TRUE(others_are_made);
}

/// Collagen and elastin may wait until all others are known (SolveTraits::local_last): nothing else reads them.
TEST(DermalTerms, NothingDependsOnTheMatrix) {
  using Traits = SolveTraits<Dermal>;
  const Dermal model = configured_model<Dermal>({}, {});
  bool they_change_themselves = false;
  for (const std::vector<double>& u : random_states(species_count, 200)) {
    std::vector<double> other = u;
    for (int n = 0; n < species_count; ++n)
      if ((Traits::local_last >> n) & 1u) other[std::size_t(n)] = 0.3 * u[std::size_t(n)] + 1;
    const auto a = evaluate(model, reticular, u), b = evaluate(model, reticular, other);
    for (int n = 0; n < species_count; ++n) {
      const bool same = a.production[n] == b.production[n] && a.loss[n] == b.loss[n];
      if ((Traits::local_last >> n) & 1u)
        they_change_themselves = they_change_themselves || !same;
      else
        EXPECT_TRUE(same) << model_info("dermal").species[std::size_t(n)].name;
    }
  }
  EXPECT_TRUE(they_change_themselves);
}

}  // namespace
}  // namespace kollagen
