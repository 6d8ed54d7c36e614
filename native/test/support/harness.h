// A test program is one function that states properties of the kernels and shows them; main.cpp
// runs it with the kernels of one instruction set.
#pragma once

#include <functional>
#include <source_location>
#include <sstream>
#include <string>
#include <string_view>

#include "woodfisher/kernels.h"

namespace woodfisher::test {

using Location = std::source_location;

// Each test file defines it.
void specifications(const Kernels& kernels);

// States a property and runs the body that shows it.
void specify(std::string_view property, const std::function<void()>& body);

// Within a body: the property fails where the condition does not hold.
void expect(bool holds, const std::string& what, Location where = Location::current());

// 0: all properties held.
int report();

template <typename... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

inline void expect_at_most(long double value, long double limit, const std::string& what,
                           Location where = Location::current()) {
  if (value <= limit) return;
  expect(false, text(what, ": ", value, " exceeds ", limit), where);
}

template <typename T>
void expect_equal(const T& actual, const T& expected, const std::string& what,
                  Location where = Location::current()) {
  if (actual == expected) return;
  expect(false, text(what, ": ", actual, " instead of ", expected), where);
}

inline void expect_done(const Status& status, const std::string& what,
                        Location where = Location::current()) {
  expect(status.done(),
         text(what, ": outcome ", static_cast<int>(status.outcome), ", block ", status.block,
              ", pivot ", status.pivot),
         where);
}

}  // namespace woodfisher::test
