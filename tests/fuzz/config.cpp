// config.json and generation_config.json, divided by a line "====": all that is read of them before
// weights have memory (tensors are made on the device "meta", which has none).
#include "models/checkpoint_summary.h"
#include "models/deberta.h"
#include "models/pretrained.h"
#include "support.h"

namespace amalgam {
namespace {

void read_decoder(const Json& config) {
  const auto model = make_model(config, at::kFloat, at::kMeta);
  model->length_class(100'000);
  model->weights().count();
  forecast_inference({}, config, model->shape(), 2, 8192);
  forecast_training({}, config, model->shape(), {});
}

void read_encoder(const Json& config) {
  Weights weights(at::kFloat, at::kMeta);
  const DebertaEncoder encoder(config, "deberta", weights);
  weights.count();
}

}  // namespace
}  // namespace amalgam

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace amalgam;
  static const ScratchFolder folder;
  const auto parts = split_input(data, size, 2);
  folder.write("config.json", parts[0]);
  folder.write("generation_config.json", parts[1].empty() ? "{}" : parts[1]);
  run_expecting_errors([] {
    const Json config = read_model_config(folder.path() / "config.json");
    run_expecting_errors([&] { stopping_ids(folder.path(), config); });
    run_expecting_errors([&] { read_decoder(config); });
    run_expecting_errors([&] { read_encoder(config); });
  });
  return 0;
}
