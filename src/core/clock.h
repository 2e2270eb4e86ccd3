// The machine's clock, as chat templates read it.
#pragma once

#include <string>

namespace amalgam {

/// Local time, "2026-01-31T12:00:00".
std::string local_time();

}  // namespace amalgam
