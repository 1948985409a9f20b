/// The needle problem solved without time steps: eigenvectors of the same discrete operator, each advanced by
/// its own exact response to the source. FFTW for the cosine transforms, LAPACK for the eigenvectors across
/// layers.
#pragma once

#include <vector>

#include "problem.hpp"

namespace kollagen::needle_problem {

/// u of each cell, x fastest, at each of `times` [h], to about 1e-10 of its peak. Takes the cosine transform
/// in three dimensions where D is the same at all depths, else exact_by_layers.
std::vector<std::vector<double>> exact_solution(const Problem& problem, const std::vector<double>& times);

/// The same for any D(z): cosine transform along x and y, and for each pair of wave numbers the eigenvectors
/// of the tridiagonal operator along z. Throws std::runtime_error when LAPACK finds none.
std::vector<std::vector<double>> exact_by_layers(const Problem& problem, const std::vector<double>& times);

}  // namespace kollagen::needle_problem
