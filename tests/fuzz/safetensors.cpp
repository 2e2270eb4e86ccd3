// A safetensors file: its header, and the tensors it describes.
#include "tensor/safetensors.h"

#include "models/checkpoint_summary.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace amalgam;
  static const ScratchFolder folder;
  folder.write("config.json", R"({"architectures": ["X"], "num_experts_per_tok": 2})");
  folder.write("model.safetensors", {reinterpret_cast<const char*>(data), size});
  run_expecting_errors([] {
    const SafetensorsFile file(folder.path() / "model.safetensors");
    for (const auto& entry : file.entries()) {
      const at::Tensor tensor = file.tensor(entry);
      const auto* bytes = static_cast<const volatile char*>(tensor.const_data_ptr());
      if (tensor.nbytes() > 0) (void)(bytes[0] + bytes[tensor.nbytes() - 1]);
      file.release(entry);
    }
  });
  run_expecting_errors([] { summarize_checkpoint(folder.path()); });
  return 0;
}
