/// The command line of Kollagen: reads options, calls one function per command, turns errors into exit codes.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <Kokkos_Core.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/bench/bench.hpp"
#include "host/checkpoint/inspect.hpp"
#include "host/config/diagnostics.hpp"
#include "host/config/documentation.hpp"
#include "host/config/reader.hpp"
#include "host/config/validate.hpp"
#include "host/insitu/factory.hpp"
#include "host/insitu/starter.hpp"
#include "host/insitu/steering.hpp"
#ifdef KOLLAGEN_HAVE_HDF5
#include "host/output/image_file.hpp"
#endif
#include "host/ranks.hpp"
#include "host/run.hpp"
#include "host/run_status.hpp"
#include "host/sharing.hpp"
#include "host/view.hpp"
#include "kollagen/check.hpp"
#include "kollagen/model/info.hpp"
#include "kollagen_version.hpp"

namespace {

using namespace kollagen;

/// Largest number of steps that --steps takes; more than any run makes.
constexpr long most_steps = 1'000'000'000'000;

/// Largest number of ranks that --ranks takes; more than any machine has.
constexpr int most_ranks = 10'000'000;

/// Sides of the cubes that --cells takes; more cells than the largest one has no rank can hold.
constexpr int smallest_bench = 8, largest_bench = 1024;

/// Splits what Kokkos understands from our own options.
struct Arguments {
  std::vector<std::string> own;     // in reverse order, as CLI11 wants them
  std::vector<std::string> kokkos;  // with the program name first
};

Arguments split(const int argc, char** argv) {
  Arguments result;
  result.kokkos.emplace_back(argv[0]);
  for (int i = argc - 1; i > 0; --i) {
    const std::string argument = argv[i];
    (argument.rfind("--kokkos-", 0) == 0 ? result.kokkos : result.own).push_back(argument);
  }
  return result;
}

/// Calls `work` between start and end of Kokkos.
int with_kokkos(std::vector<std::string> arguments, const std::function<int()>& work) {
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int argc = int(arguments.size());
  const Kokkos::ScopeGuard guard(argc, argv.data());
  return work();
}

std::string program_info() {
  std::string text = fmt::format("Kollagen {} ({})\n", version::number, version::git_hash);
  text += fmt::format("compiler  {}, {}\n", version::compiler, version::build_type);
  text += fmt::format("Kokkos    {}, runs on {}, host {}\n", version::kokkos,
                      Kokkos::DefaultExecutionSpace::name(), Kokkos::DefaultHostExecutionSpace::name());
#ifdef KOLLAGEN_HAVE_HDF5
  text += fmt::format("HDF5      {}\n", hdf5_version());
#else
  text += "HDF5      none: no fields and slices\n";
#endif
  text += fmt::format("MPI       {}\n", ranks_library());
  text += fmt::format("ParaView  {}\n", insitu_paraview());
  text += fmt::format("Catalyst  {}\n", insitu_catalyst());
  text += fmt::format("memory    {:.1f} GB available\n", available_memory() / 1e9);
  text += fmt::format("models    {}\n", fmt::join(model_names(), ", "));
  return text;
}

int print(const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) throw IoError("standard output cannot be written");
  return 0;
}

/// Prints the report that `work` makes, also when it fails on the way, and returns its exit code.
int print_report(const std::function<int(std::string&)>& work) {
  std::string report;
  try {
    const int code = work(report);
    print(report);
    return code;
  } catch (const Error&) {
    print(report);
    throw;
  }
}

/// Options that several commands share.
struct Options {
  RunOptions run;
  BenchOptions bench;
  ViewOptions view;
  std::string key, model = "dermal", page, other;
  int ranks = 1;
  bool extracts = false;
  bool steering = false;
};

void add_study(CLI::App& command, Options& options) {
  command.add_option("config", options.run.config, "study file (TOML)")->required();
  command.add_option("--set", options.run.overrides, "change a key, as in --set time.end=\"7 day\"")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->take_all();
}

/// CLI11 says of an unknown command only that one is required.
void check_command(const CLI::App& app, const std::string& word) {
  if (word.rfind('-', 0) == 0) return;
  std::vector<std::string> shown;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == word) return;
    if (!command->get_group().empty()) shown.push_back(command->get_name());
  }
  throw InputError(fmt::format("unknown command '{}'; allowed: {}{}", word, fmt::join(shown, ", "),
                               suggestion(word, shown)));
}

int dispatch(const int argc, char** argv) {
  Arguments arguments = split(argc, argv);
  Options options;
  std::function<int()> chosen;

  CLI::App app("Kollagen: 3D simulation of how skin heals after microneedling.", "kollagen");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(version::number));
  app.footer(
      "Options --kokkos-* are passed on to Kokkos. Exit codes: 0 done, 2 bad input, 3 environment, "
      "4 numerical guard, 5 input/output, 75 stopped early: the same command resumes; diff: 1 when something "
      "differs.");

  CLI::App* run = app.add_subcommand("run", "Run a study.");
  add_study(*run, options);
  run->add_option("-o,--output", options.run.output, "folder of the results [runs/<name of the study>]");
  run->add_flag("--fresh", options.run.fresh, "start over where the folder holds a run of this study");
  run->add_option("--walltime", options.run.walltime,
                  "stop with a checkpoint before so much time has passed: HH:MM:SS, D-HH:MM:SS or minutes");
  run->add_option("--steps", options.run.steps, "stop after so many steps")
      ->check(CLI::Range(1L, most_steps));
  run->add_option("--insitu", options.run.insitu, "ParaView Catalyst script that shows the run: --set insitu.script");
  run->add_option("--live", options.run.live, "HOST:PORT where a ParaView waits for the run: --set insitu.live");
  run->add_option("--live-wait", options.run.live_wait,
                  "how long the start waits for that ParaView, as in \"10 min\": --set insitu.live_wait");
  run->callback([&] {
    chosen = [&] {
      return run_on_ranks([&](const std::shared_ptr<Communicator>& ranks) {
        return with_kokkos(arguments.kokkos, [&] { return run_study(options.run, ranks); });
      });
    };
  });

  CLI::App* validate = app.add_subcommand("validate", "Check a study and show what it takes; runs nothing.");
  add_study(*validate, options);
  validate->add_option("--ranks", options.ranks, "as if it were shared by so many ranks")
      ->check(CLI::Range(1, most_ranks));
  validate->callback([&] {
    chosen = [&] {
      const Config config = read_config(options.run.config, options.run.overrides, 1. / options.ranks);
      return print((options.ranks > 1 ? sharing_report(config, options.ranks) : "") +
                   validation_report(config));
    };
  });

  CLI::App* status = app.add_subcommand("status", "Tell how a run stands, running or not.");
  status->add_option("folder", options.run.output, "folder of the run")->required();
  status->callback([&] { chosen = [&] { return print(status_text(options.run.output)); }; });

  CLI::App* stop = app.add_subcommand("stop", "Ask a running run to stop with a checkpoint.");
  stop->add_option("folder", options.run.output, "folder of the run")->required();
  stop->callback([&] { chosen = [&] { return print(ask_to_stop(options.run.output)); }; });

  CLI::App* view = app.add_subcommand("view", "Show a run, finished or running, in ParaView (tools/view.sh).");
  view->add_option("folder", options.view.run, "folder of the run")->required();
  view->add_flag("--headless", options.view.headless, "pictures and an animation; so without a screen anyway");
  view->add_option("-o,--output", options.view.output, "folder for these [RUN/view]; implies --headless");
  view->callback([&] { chosen = [&]() -> int { view_run(options.view); }; });

  CLI::App* verify =
      app.add_subcommand("verify", "Check that the files of a run are complete and undamaged.");
  verify->add_option("folder", options.run.output, "folder of the run")->required();
  verify->callback([&] {
    chosen = [&] {
      return print_report([&](std::string& report) { return verify_run(options.run.output, report); });
    };
  });

  CLI::App* diff = app.add_subcommand("diff", "Compare two runs, frames or checkpoints field by field.");
  diff->add_option("one", options.run.output, "folder of a run, frame or checkpoint")->required();
  diff->add_option("other", options.other, "what to compare it with")->required();
  diff->callback([&] {
    chosen = [&] {
      return print_report(
          [&](std::string& report) { return diff_runs(options.run.output, options.other, report); });
    };
  });

  CLI::App* bench = app.add_subcommand("bench", "Measure how fast this program is on this machine.");
  bench->add_option("--cells", options.bench.sides, "cells along each side of the cubes [64 128 256]")
      ->check(CLI::Range(smallest_bench, largest_bench));
  const std::map<std::string, StatePrecision> precisions{{"double", StatePrecision::full},
                                                         {"mixed", StatePrecision::mixed}};
  bench->add_option("--precision", options.bench.precision, "of the state: double or mixed [double]")
      ->transform(CLI::CheckedTransformer(precisions));
  bench->add_option("--json", options.bench.json, "file that receives the result");
  bench->add_option("--compare", options.bench.compare, "earlier result to compare with");
  bench->callback([&] {
    chosen = [&] {
      return run_on_ranks([&](const std::shared_ptr<Communicator>& ranks) {
        return with_kokkos(arguments.kokkos, [&] { return run_bench(options.bench, ranks); });
      });
    };
  });

  app.add_subcommand("info", "Version, compiler, Kokkos, libraries and models.")->callback([&] {
    chosen = [] { return print(program_info()); };
  });

  CLI::App* explain_command =
      app.add_subcommand("explain", "Explain a key, a table, a field or a parameter.");
  explain_command->add_option("key", options.key, "time.end, treatment, D_P, fields, terms, parameters, ...");
  explain_command->add_option("--model", options.model, "model of fields, terms and parameters [dermal]");
  explain_command->callback([&] { chosen = [&] { return print(explain(options.key, options.model)); }; });

  app.add_subcommand("schema", "JSON Schema of a study.")->callback([&] {
    chosen = [] { return print(json_schema()); };
  });

  CLI::App* script =
      app.add_subcommand("insitu-script", "Print a script for ParaView to begin with, for --insitu of run.");
  add_study(*script, options);
  script->add_flag("--extracts", options.extracts, "data instead of pictures: needs no display");
  script->add_flag("--steering", options.steering,
                   "instead of a script the settings of a run that may be steered, for ParaView's plugin manager")
      ->excludes("--extracts");
  script->callback([&] {
    chosen = [&] {
      const Config config = read_config(options.run.config, options.run.overrides);
      if (options.steering) return print(steering_xml(steering_parameters(config, model_info(config.model))));
      return print(starter_script(config, model_info(config.model), options.run.config, options.extracts));
    };
  });

  CLI::App* docs = app.add_subcommand("docs", "Print a page of the documentation.")->group("");
  docs->add_option("page", options.page)->required()->check(CLI::IsMember({"configuration", "parameters"}));
  docs->callback([&] {
    chosen = [&] {
      return print(options.page == "parameters" ? parameters_markdown() : configuration_markdown());
    };
  });

  if (!arguments.own.empty()) check_command(app, arguments.own.back());
  try {
    app.parse(arguments.own);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : int(ExitCode::bad_input);
  }
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return dispatch(argc, argv);
  } catch (const kollagen::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return int(error.code());
  } catch (const std::filesystem::filesystem_error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return int(kollagen::ExitCode::input_output);
  } catch (const std::exception& error) {
    fmt::print(stderr, "internal error, please report it: {}\n", error.what());
    return int(kollagen::ExitCode::internal);
  }
}
