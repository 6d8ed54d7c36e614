#include "harness.h"

#include <cstdio>

namespace woodfisher::test {

namespace {

constexpr int kShown = 5;  // failures of one property that are printed

int failures_of_property = 0;
int passed = 0;
int failed = 0;

}  // namespace

void specify(std::string_view property, const std::function<void()>& body) {
  failures_of_property = 0;
  body();
  const bool held = failures_of_property == 0;
  (held ? passed : failed) += 1;
  std::printf("%s %.*s\n", held ? "ok    " : "not ok", static_cast<int>(property.size()),
              property.data());
  if (failures_of_property > kShown) {
    std::printf("       and %d more\n", failures_of_property - kShown);
  }
  std::fflush(stdout);
}

void expect(bool holds, const std::string& what, Location where) {
  if (holds || ++failures_of_property > kShown) return;
  std::printf("       %s:%u: %s\n", where.file_name(), static_cast<unsigned>(where.line()),
              what.c_str());
}

int report() {
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace woodfisher::test
