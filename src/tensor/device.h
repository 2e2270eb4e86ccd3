// Where tensors live and are computed.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace amalgam {

/// "cpu", or "cuda" (loads libtorch_cuda.so). A device that this machine or build has not is a
/// usage error.
at::Device device_from_name(const std::string& name);

}  // namespace amalgam
