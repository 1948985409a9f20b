/// The needle problem (benchmarks/needle_problem) through PETSc, as a user of PETSc would write it: a DMDA,
/// an assembled matrix, and TS, KSP and PC as the options on its command line say. Prints one line of JSON:
/// errors against the exact solution, wall and processor time of TSSolve alone, and the latter in copy
/// sweeps.
///
///   petsc_needle -cells 64 -layered 0 -ts_type arkimex -ts_arkimex_type 2e -ts_dt 0.3333 -ts_adapt_type none
///   ...
///
/// Times are h. Everything, the source too, is implicit: it is evaluated at the stage times.
#include <petscdmda.h>
#include <petscts.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "exact_solution.hpp"
#include "problem.hpp"

namespace {

using namespace kollagen::needle_problem;

struct Context {
  const Problem* problem;
  Mat op = nullptr;      ///< A u = -div(D grad u) + loss u
  Vec source = nullptr;  ///< S(x)
};

double wall_time() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
/// Of this process: what others do to the machine counts less.
double processor_time() { return double(std::clock()) / CLOCKS_PER_SEC; }

/// Seconds of a = 2 b over `cells` cells, at the bandwidth of arrays of 128 MiB; median of five.
double sweep_seconds(const double cells) {
  constexpr std::size_t count = std::size_t(1) << 24;
  static std::vector<double> a(count, 0.0), b(count, 1.0);
  std::vector<double> seconds;
  for (int run = -1; run < 5; ++run) {
    const double start = processor_time();
#pragma omp simd
    for (std::size_t n = 0; n < count; ++n) a[n] = 2 * b[n];
    if (run >= 0) seconds.push_back(processor_time() - start);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[2] * cells / double(count);
}

PetscErrorCode assemble(DM grid, const Problem& problem, Mat op) {
  PetscFunctionBeginUser;
  const auto& D = problem.diffusivity;
  DMDALocalInfo info;
  PetscCall(DMDAGetLocalInfo(grid, &info));
  for (PetscInt k = info.zs; k < info.zs + info.zm; ++k)
    for (PetscInt j = info.ys; j < info.ys + info.ym; ++j)
      for (PetscInt i = info.xs; i < info.xs + info.xm; ++i) {
        const PetscInt cell[3] = {i, j, k};
        MatStencil row{}, columns[7]{};
        row.i = i, row.j = j, row.k = k;
        PetscScalar values[7], diagonal = problem.loss;
        PetscInt count = 0;
        for (int axis = 0; axis < 3; ++axis)
          for (int side = -1; side <= 1; side += 2) {
            PetscInt other[3] = {i, j, k};
            other[axis] += side;
            if (other[axis] < 0 || other[axis] >= problem.cells[axis]) continue;
            const double a = D[cell[2]], b = D[other[2]], h = problem.spacing[axis];
            const double face = 2 * a * b / (a + b) / (h * h);
            columns[count].i = other[0], columns[count].j = other[1], columns[count].k = other[2];
            values[count++] = -face;
            diagonal += face;
          }
        columns[count] = row;
        values[count++] = diagonal;
        PetscCall(MatSetValuesStencil(op, 1, &row, count, columns, values, INSERT_VALUES));
      }
  PetscCall(MatAssemblyBegin(op, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(op, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}

PetscErrorCode residual(TS, PetscReal t, Vec u, Vec rate, Vec f, void* context) {
  PetscFunctionBeginUser;
  const auto& c = *static_cast<Context*>(context);
  PetscCall(MatMultAdd(c.op, u, rate, f));
  PetscCall(VecAXPY(f, -std::exp(-t / c.problem->source_time), c.source));
  PetscFunctionReturn(0);
}

PetscErrorCode jacobian(TS, PetscReal, Vec, Vec, PetscReal shift, Mat, Mat matrix, void* context) {
  PetscFunctionBeginUser;
  const auto& c = *static_cast<Context*>(context);
  PetscCall(MatCopy(c.op, matrix, SAME_NONZERO_PATTERN));
  PetscCall(MatShift(matrix, shift));
  PetscFunctionReturn(0);
}

PetscErrorCode relative_error(Vec u, const std::vector<double>& exact, double* error) {
  PetscFunctionBeginUser;
  const PetscScalar* values;
  PetscCall(VecGetArrayRead(u, &values));
  double difference = 0, peak = 0;
  for (std::size_t n = 0; n < exact.size(); ++n) {
    difference = std::max(difference, std::abs(values[n] - exact[n]));
    peak = std::max(peak, exact[n]);
  }
  PetscCall(VecRestoreArrayRead(u, &values));
  *error = difference / peak;
  PetscFunctionReturn(0);
}

PetscErrorCode run(const PetscInt cells, const bool layered) {
  PetscFunctionBeginUser;
  const Problem problem = make_problem(int(cells), layered);
  const std::vector<double> times(compared_times.begin(), compared_times.end());
  DM grid;
  PetscCall(DMDACreate3d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE,
                         DMDA_STENCIL_STAR, cells, cells, cells, 1, 1, 1, 1, 1, nullptr, nullptr, nullptr,
                         &grid));
  PetscCall(DMSetFromOptions(grid));
  PetscCall(DMSetUp(grid));
  PetscCall(DMDASetInterpolationType(grid, DMDA_Q0));  // values at cell centres

  Context context{&problem};
  Mat matrix;
  Vec u;
  PetscCall(DMCreateMatrix(grid, &context.op));
  PetscCall(assemble(grid, problem, context.op));
  PetscCall(MatDuplicate(context.op, MAT_COPY_VALUES, &matrix));
  PetscCall(DMCreateGlobalVector(grid, &u));
  PetscCall(VecDuplicate(u, &context.source));
  PetscScalar* values;
  PetscCall(VecGetArray(context.source, &values));
  std::copy(problem.source.begin(), problem.source.end(), values);  // one rank: both are x fastest
  PetscCall(VecRestoreArray(context.source, &values));

  TS ts;
  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, grid));
  PetscCall(TSSetProblemType(ts, TS_LINEAR));
  PetscCall(TSSetIFunction(ts, nullptr, residual, &context));
  PetscCall(TSSetIJacobian(ts, matrix, matrix, jacobian, &context));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetFromOptions(ts));

  std::vector<double> errors;
  double wall = 0, processor = 0;
  const double before = sweep_seconds(double(problem.source.size()));
  for (const double time : times) {
    PetscCall(TSSetMaxTime(ts, time));
    const double wall_start = wall_time(), processor_start = processor_time();
    PetscCall(TSSolve(ts, u));
    wall += wall_time() - wall_start;
    processor += processor_time() - processor_start;
    double error = 0;
    PetscCall(relative_error(u, exact_solution(problem, {time})[0], &error));
    errors.push_back(error);
  }
  const double sweep = 0.5 * (before + sweep_seconds(double(problem.source.size())));
  PetscInt steps, rejected, iterations, failed;
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(TSGetStepRejections(ts, &rejected));
  PetscCall(TSGetKSPIterations(ts, &iterations));
  PetscCall(TSGetSNESFailures(ts, &failed));
  std::printf(
      "{\"cells\": %d, \"diffusivity\": \"%s\", \"errors\": [%.3e, %.3e, %.3e], \"error\": %.3e, "
      "\"seconds\": %.3f, \"processor_seconds\": %.3f, \"sweeps\": %.0f, \"copy_GB_per_s\": %.2f, \"steps\": "
      "%d, \"rejected\": %d, "
      "\"ksp_iterations\": %d, \"failed_solves\": %d}\n",
      int(cells), layered ? "layered" : "constant", errors[0], errors[1], errors[2],
      *std::max_element(errors.begin(), errors.end()), wall, processor, processor / sweep,
      1e-9 * 16 * double(problem.source.size()) / sweep, int(steps), int(rejected), int(iterations),
      int(failed));

  PetscCall(TSDestroy(&ts));
  PetscCall(VecDestroy(&context.source));
  PetscCall(VecDestroy(&u));
  PetscCall(MatDestroy(&matrix));
  PetscCall(MatDestroy(&context.op));
  PetscCall(DMDestroy(&grid));
  PetscFunctionReturn(0);
}

}  // namespace

int main(int argc, char** argv) {
  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, nullptr, nullptr));
  PetscMPIInt ranks;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  PetscCheck(ranks == 1, PETSC_COMM_WORLD, PETSC_ERR_ARG_WRONG, "petsc_needle runs on 1 rank, not on %d",
             ranks);
  PetscInt cells = 64;
  PetscBool layered = PETSC_FALSE;
  PetscCall(PetscOptionsGetInt(nullptr, nullptr, "-cells", &cells, nullptr));
  PetscCall(PetscOptionsGetBool(nullptr, nullptr, "-layered", &layered, nullptr));
  PetscCall(run(cells, layered));
  PetscCall(PetscFinalize());
  return 0;
}
