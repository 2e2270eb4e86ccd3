#include "core/clock.h"

#include <fmt/chrono.h>

#include <ctime>

namespace amalgam {

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  localtime_r(&now, &parts);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}", parts);
}

}  // namespace amalgam
