/// Algorithms of Thrust on Views, in the order of an execution space, against plain loops.
#include <thrust/binary_search.h>
#include <thrust/remove.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/scan.h>
#include <thrust/sort.h>
#include <thrust/transform.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "kernels/for_cells.hpp"
#include "kernels/thrust_ranges.hpp"
#include "support/backends.hpp"

namespace kollagen::test {
namespace {

/// More than one block of threads works on, and no power of two.
constexpr int count = 100003;
constexpr int keys = 1009;

KOKKOS_FORCEINLINE_FUNCTION int key_of(const int n) { return int(n * 7919LL % keys); }

/// Keys of numbers in no order, each about a hundred times, and the numbers themselves.
struct Fill {
  int* key;
  int* number;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int, const int j, const int) const {
    key[j] = key_of(j);
    number[j] = j;
  }
};
/// Doubles the numbers where they are.
struct Double {
  int* number;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int, const int j, const int) const { number[j] *= 2; }
};
struct LargeCount {
  KOKKOS_FORCEINLINE_FUNCTION long operator()(const int n) const { return n % 3 == 0 ? 100000L : n; }
};
struct IsOdd {
  KOKKOS_FORCEINLINE_FUNCTION bool operator()(const int n) const { return n % 2 != 0; }
};

const Box numbers{{0, 0, 0}, {1, count, 1}};

template <class Exec, class T>
using Array = Kokkos::View<T*, typename Exec::memory_space>;

template <class T, class... Properties>
std::vector<T> values_of(const Kokkos::View<T*, Properties...>& view) {
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), view);
  return {host.data(), host.data() + host.extent(0)};
}

template <class Exec>
struct ThrustRanges : ::testing::Test {};
TYPED_TEST_SUITE(ThrustRanges, Backends);

/// A loop before and a loop after the sort, and no wait between the three.
TYPED_TEST(ThrustRanges, AStableSortStandsBetweenLoopsWithoutAWait) {
  const TypeParam exec;
  const Array<TypeParam, int> key("key", count), number("number", count);
  for_cells("test/thrust_ranges/fill", exec, numbers, Fill{key.data(), number.data()});
  thrust::stable_sort_by_key(thrust_policy(exec), range_begin(key), range_end(key), range_begin(number));
  for_cells("test/thrust_ranges/double", exec, numbers, Double{number.data()});

  std::vector<int> expected(count);
  std::iota(expected.begin(), expected.end(), 0);
  std::stable_sort(expected.begin(), expected.end(), [](const int a, const int b) { return key_of(a) < key_of(b); });
  const std::vector<int> sorted_keys = values_of(key), sorted = values_of(number);
  for (int n = 0; n < count; ++n) {
    ASSERT_EQ(sorted[n], 2 * expected[n]) << n;
    ASSERT_EQ(sorted_keys[n], key_of(expected[n])) << n;
  }
}

TYPED_TEST(ThrustRanges, OffsetsBeyondThirtyTwoBitsAreExact) {
  const TypeParam exec;
  const Array<TypeParam, long> offsets("offsets", count);
  const thrust::counting_iterator<int> from(0);
  thrust::transform(thrust_policy(exec), from, from + count, range_begin(offsets), LargeCount{});
  thrust::exclusive_scan(thrust_policy(exec), range_begin(offsets), range_end(offsets), range_begin(offsets), 5L);
  const std::vector<long> found = values_of(offsets);
  long sum = 5;
  for (int n = 0; n < count; ++n) {
    ASSERT_EQ(found[n], sum) << n;
    sum += LargeCount{}(n);
  }
  EXPECT_GT(sum, 1L << 32);
}

TYPED_TEST(ThrustRanges, TheFirstOfEachKeyIsFoundAlsoOfKeysThatAreMissing) {
  const TypeParam exec;
  const Array<TypeParam, int> key("key", count), number("number", count);
  const Array<TypeParam, long> first("first", keys + 2);
  for_cells("test/thrust_ranges/fill_again", exec, numbers, Fill{key.data(), number.data()});
  // The keys that are odd go: copy_if keeps the order of the others.
  const Array<TypeParam, int> even("even", count);
  thrust::stable_sort_by_key(thrust_policy(exec), range_begin(key), range_end(key), range_begin(number));
  int* const even_end = thrust::remove_copy_if(thrust_policy(exec), range_begin(key), range_end(key),
                                               range_begin(even), IsOdd{});
  const thrust::counting_iterator<int> from(0);
  thrust::lower_bound(thrust_policy(exec), range_begin(even), even_end, from, from + (keys + 2), range_begin(first));

  std::vector<long> expected(keys + 2, 0);
  for (int n = 0; n < count; ++n)
    if (key_of(n) % 2 == 0)
      for (int k = key_of(n) + 1; k < keys + 2; ++k) ++expected[k];
  EXPECT_EQ(values_of(first), expected);
  EXPECT_EQ(long(even_end - range_begin(even)), expected.back());
}

}  // namespace
}  // namespace kollagen::test
