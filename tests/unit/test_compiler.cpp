/// What the compile flags must not break.
#include <gtest/gtest.h>

#include <vector>

namespace {

struct Track {
  double entry[3] = {0, 0, 0};
  double axis[3] = {0, 0, 1};
  double radius = 0, length = 0, tip = 0, rim = 0;
};

Track make_track(const double x, const double y) {
  Track track;
  track.entry[0] = x;
  track.entry[1] = y;
  track.radius = 100;
  track.length = 300;
  track.rim = 30;
  return track;
}

__attribute__((noinline)) void expect_values(const std::vector<Track>& tracks, const double first_x) {
  EXPECT_EQ(tracks[0].entry[0], first_x);
  for (const Track& track : tracks) {
    EXPECT_EQ(track.entry[1], 130);
    EXPECT_EQ(track.entry[2], 0);
    EXPECT_EQ(track.axis[0], 0);
    EXPECT_EQ(track.axis[1], 0);
    EXPECT_EQ(track.axis[2], 1);
    EXPECT_EQ(track.radius, 100);
    EXPECT_EQ(track.tip, 0);
  }
}

// GCC 12.2 -O2 -march=skylake-avx512 gives the first track entry[2] = axis[0] = 130; -fno-dse cures it.
TEST(Compiler, StructsOfConstantsKeepTheirValues) {
  const Track left = make_track(130, 130), right = make_track(230, 130);
  expect_values({left, right}, 130);
  expect_values({right, left, right}, 230);
}

}  // namespace
