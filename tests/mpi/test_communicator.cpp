/// The ranks of a run: every operation does on any number of ranks what its contract says.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "host/mpi_communicator.hpp"
#include "kollagen/collective.hpp"
#include "support/ranks.hpp"

namespace kollagen::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(Communicator, KnowsItsRank) {
  const auto group = ranks();
  int rank = -1, size = 0;
  MPI_Comm_rank(mpi_handle(*group), &rank);
  MPI_Comm_size(mpi_handle(*group), &size);
  EXPECT_EQ(group->rank(), rank);
  EXPECT_EQ(group->size(), size);
  EXPECT_EQ(group->root(), rank == 0);
  EXPECT_THROW(mpi_handle(OneRank()), std::logic_error);
}

TEST(Communicator, MaximumPlaceByPlace) {
  const auto group = ranks();
  const int r = group->rank(), n = group->size();
  std::vector<double> values = {double(r), -double(r), 3.5, r == n - 1 ? -2.0 : -infinity, -1e308};
  group->max(values.data(), int(values.size()));
  EXPECT_EQ(values, (std::vector<double>{n - 1.0, 0.0, 3.5, -2.0, -1e308}));
  EXPECT_EQ(group->max(r == n / 2 ? 7.0 : 6.0), 7.0);
}

TEST(Communicator, MaximumOfNotANumberIsInfinite) {
  const auto group = ranks();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (int bad = 0; bad < group->size(); ++bad) {
    std::vector<double> values = {1.0, group->rank() == bad ? nan : 5.0, 2.0};
    group->max(values.data(), 3);
    EXPECT_EQ(values, (std::vector<double>{1.0, infinity, 2.0})) << "of rank " << bad;
  }
}

TEST(Communicator, MaximumOfZerosHasNoSign) {
  const auto group = ranks();
  for (int negative = 0; negative <= group->size(); ++negative) {
    const double value = group->max(group->rank() < negative ? -0.0 : 0.0);
    EXPECT_EQ(value, 0.0);
    EXPECT_FALSE(std::signbit(value)) << negative << " ranks with -0";
  }
}

TEST(Communicator, SumPlaceByPlace) {
  const auto group = ranks();
  const int r = group->rank(), n = group->size();
  double values[] = {r + 1.0, 0.5, -3.0 * r};
  group->sum(values, 3);
  EXPECT_EQ(values[0], n * (n + 1) / 2);
  EXPECT_EQ(values[1], 0.5 * n);
  EXPECT_EQ(values[2], -3.0 * (n * (n - 1) / 2));
  // Beyond 2^53: a sum in double would lose the last digit.
  const std::uint64_t large = (std::uint64_t(1) << 60) + 1;
  std::uint64_t counts[] = {large, std::uint64_t(r)};
  group->sum(counts, 2);
  EXPECT_EQ(counts[0], large * std::uint64_t(n));
  EXPECT_EQ(counts[1], std::uint64_t(n * (n - 1) / 2));
}

/// Bytes that tell rank, place and purpose.
std::vector<std::uint8_t> pattern(const std::size_t bytes, const int rank, const int purpose) {
  std::vector<std::uint8_t> result(bytes);
  for (std::size_t i = 0; i < bytes; ++i)
    result[i] = std::uint8_t(i * 7 + i / 251 + rank * 31 + purpose * 101);
  return result;
}

/// With pieces of a few bytes what MPI cannot count in one call is cut up in the same way.
class Pieces : public ::testing::TestWithParam<std::size_t> {
 protected:
  MpiCommunicator group{mpi_handle(*ranks()), GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Communicator, Pieces, ::testing::Values(1u << 30, 1000u, 13u));

TEST_P(Pieces, BroadcastFromEveryRank) {
  for (int from = 0; from < group.size(); ++from)
    for (const std::size_t bytes : {0, 1, 13, 1000, 4001}) {
      auto data = pattern(bytes, group.rank(), 1);
      group.broadcast(data.data(), bytes, from);
      EXPECT_EQ(data, pattern(bytes, from, 1)) << bytes << " bytes from rank " << from;
    }
}

TEST_P(Pieces, GatherOfUnequalParts) {
  std::vector<std::size_t> counts;
  for (int r = 0; r < group.size(); ++r) counts.push_back(r == 1 ? 0 : 300 + 17 * std::size_t(r));
  const auto mine = pattern(counts[group.rank()], group.rank(), 2);
  std::vector<std::uint8_t> all(std::accumulate(counts.begin(), counts.end(), std::size_t(0))), expected;
  for (int r = 0; r < group.size(); ++r) {
    const auto part = pattern(counts[r], r, 2);
    expected.insert(expected.end(), part.begin(), part.end());
  }
  group.all_gather(mine.data(), counts, all.data());
  EXPECT_EQ(all, expected);
  EXPECT_EQ(group.count().gathers, 1);
  EXPECT_EQ(group.count().gathered_bytes, long(all.size() - mine.size()));
  // In place: the own part already lies where it belongs.
  std::vector<std::uint8_t> in_place(all.size());
  std::size_t before = std::accumulate(counts.begin(), counts.begin() + group.rank(), std::size_t(0));
  std::copy(mine.begin(), mine.end(), in_place.begin() + long(before));
  group.all_gather(in_place.data() + before, counts, in_place.data());
  EXPECT_EQ(in_place, expected);
  EXPECT_THROW(group.all_gather(mine.data(), {}, all.data()), std::logic_error);
}

// Every rank to every one, itself included, as a periodic axis of one part does; tags keep two messages
// apart.
TEST_P(Pieces, ExchangeAmongAll) {
  const int n = group.size(), r = group.rank();
  const auto bytes = [](const int from, const int to) {
    return std::size_t(40 + 1000 * (from % 2) + 3 * to);
  };
  for (int round = 0; round < 3; ++round) {
    std::vector<std::vector<std::uint8_t>> in, out;
    for (int partner = 0; partner < n; ++partner)
      for (const int tag : {0, 5}) {
        out.push_back(pattern(bytes(r, partner), r, 10 * round + tag));
        in.emplace_back(bytes(partner, r));
      }
    std::vector<Message> receives, sends;
    for (int m = 0; m < 2 * n; ++m) {
      const int tag = m % 2 == 0 ? 0 : 5;
      sends.push_back({m / 2, tag, out[m].data(), out[m].size()});
      receives.insert(receives.begin(), {m / 2, tag, in[m].data(), in[m].size()});  // in another order
    }
    group.start(receives, sends);
    EXPECT_THROW(group.start({}, {}), std::logic_error);
    group.finish();
    for (int m = 0; m < 2 * n; ++m)
      EXPECT_EQ(in[m], pattern(bytes(m / 2, r), m / 2, 10 * round + (m % 2 == 0 ? 0 : 5)))
          << "from " << m / 2;
  }
  long sent = 0, pieces = 0;
  for (int partner = 0; partner < n; ++partner) {
    sent += long(bytes(r, partner));
    pieces += long((bytes(r, partner) + GetParam() - 1) / GetParam());
  }
  EXPECT_EQ(group.count().message_bytes, 6 * sent);
  EXPECT_EQ(group.count().messages, 6 * pieces);
  EXPECT_EQ(group.count().reductions, 0);
}

TEST(Communicator, AnExchangeOfNothing) {
  MpiCommunicator group(mpi_handle(*ranks()));
  group.start({}, {});
  group.finish();
  double none = 0;
  group.start({{group.rank(), 0, &none, 0}}, {{group.rank(), 0, &none, 0}});
  group.finish();
  EXPECT_EQ(group.count().messages, 0);
}

TEST(Communicator, AShortMessageIsAnError) {
  MpiCommunicator group(mpi_handle(*ranks()));
  const int next = (group.rank() + 1) % group.size(),
            previous = (group.rank() + group.size() - 1) % group.size();
  double in[2] = {0, 0}, out[2] = {1, 2};
  group.start({{previous, 0, in, 16}}, {{next, 0, out, 8}});
  EXPECT_THROW(group.finish(), std::logic_error);
}

TEST(Communicator, WhatMpiRefusesIsAnEnvironmentError) {
  MpiCommunicator group(mpi_handle(*ranks()));
  double value = 1;
  try {
    group.broadcast(&value, sizeof value, group.size() + 3);
    FAIL() << "no error";
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find("a broadcast on rank " + std::to_string(group.rank())),
              std::string::npos)
        << error.what();
  }
}

TEST(Communicator, CountsWhatItDid) {
  MpiCommunicator group(mpi_handle(*ranks()));
  EXPECT_EQ(group.count().seconds, 0);
  double value = 1;
  std::uint64_t number = 1;
  group.max(&value, 1);
  group.sum(&value, 1);
  group.sum(&number, 1);
  group.barrier();
  EXPECT_EQ(group.count().reductions, 3);
  EXPECT_EQ(group.count().gathers, 0);
  EXPECT_GT(group.count().seconds, 0);
  EXPECT_LT(group.count().seconds, 60);
}

// --- errors that all ranks share --------------------------------------------------------------------------

TEST(Together, TheErrorOfTheLowestRankReachesAll) {
  const auto group = ranks();
  for (int first = 0; first < group->size(); ++first) {
    try {
      together(*group, [&] {
        if (group->rank() == first)
          throw IoError("rank " + std::to_string(first) + ": " + std::string(200, 'x') + " disk full");
        if (group->rank() > first) throw GuardError("another one");
      });
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::input_output);
      EXPECT_EQ(error.what(), "rank " + std::to_string(first) + ": " + std::string(200, 'x') + " disk full");
    }
  }
  int calls = 0;
  together(*group, [&] { ++calls; });  // the ranks are still in step
  EXPECT_EQ(calls, 1);
}

TEST(Together, AnErrorOfAnotherKindIsInternalEverywhere) {
  const auto group = ranks();
  const int bad = group->size() - 1;
  try {
    together(*group, [&] {
      if (group->rank() == bad) throw std::out_of_range("index 7");
    });
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::internal);
    EXPECT_STREQ(error.what(), "index 7");
  } catch (const std::out_of_range& error) {
    EXPECT_EQ(group->size(), 1);  // nobody to tell
    EXPECT_STREQ(error.what(), "index 7");
  }
}

TEST(Together, OnRootRunsOnce) {
  const auto group = ranks();
  double calls = 0;
  on_root(*group, [&] { ++calls; });
  EXPECT_EQ(calls, group->root() ? 1 : 0);
  group->sum(&calls, 1);
  EXPECT_EQ(calls, 1);
  EXPECT_THROW(on_root(*group, [] { throw InputError("no"); }), Error);
}

}  // namespace
}  // namespace kollagen::test
