#include "core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace amalgam {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_color_mt("amalgam");
    made->set_pattern("%^%L%$ %H:%M:%S %v");
    return made;
  }();
  return *instance;
}

}  // namespace

void log_info(std::string_view message) {
  logger().info(spdlog::string_view_t(message.data(), message.size()));
}
void log_warning(std::string_view message) {
  logger().warn(spdlog::string_view_t(message.data(), message.size()));
}

}  // namespace amalgam
