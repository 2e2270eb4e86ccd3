#include "models/model.h"

namespace amalgam {

// Each family's file defines its constructor.
std::unique_ptr<Model> make_llama(const Json&, at::ScalarType, at::Device);
std::unique_ptr<Model> make_mistral(const Json&, at::ScalarType, at::Device);
std::unique_ptr<Model> make_qwen2(const Json&, at::ScalarType, at::Device);
std::unique_ptr<Model> make_gemma2(const Json&, at::ScalarType, at::Device);

const std::vector<Family>& families() {
  static const std::vector<Family> list = {
      {"LlamaForCausalLM", make_llama},
      {"MistralForCausalLM", make_mistral},
      {"Qwen2ForCausalLM", make_qwen2},
      {"Gemma2ForCausalLM", make_gemma2},
  };
  return list;
}

}  // namespace amalgam
