// What the cache costs and what there is.
#include <ATen/DeviceAccelerator.h>
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "generate/kv_cache.h"

namespace amalgam {
int64_t cache_bytes_per_token(const ModelShape& shape, at::ScalarType dtype) {
  return shape.layers * shape.cached * static_cast<int64_t>(c10::elementSize(dtype));
}

int64_t available_memory(at::Device device) {
  if (!device.is_cpu())
    return static_cast<int64_t>(
        at::accelerator::getMemoryInfo(std::max<at::DeviceIndex>(device.index(), 0)).first);
  int64_t available = std::numeric_limits<int64_t>::max();
  std::ifstream meminfo("/proc/meminfo");
  std::string key, unit;
  for (int64_t kib = 0; meminfo >> key >> kib; std::getline(meminfo, unit))
    if (key == "MemAvailable:") available = kib << 10;
  std::ifstream group("/sys/fs/cgroup/memory.max");  // "max" where there is no limit
  int64_t limit = 0;
  return group >> limit ? std::min(available, limit) : available;
}

}  // namespace amalgam
