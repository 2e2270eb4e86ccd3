#include "models/model.h"

namespace amalgam {

// Each family's file defines its constructor.
std::unique_ptr<Model> make_llama(const Json&, at::ScalarType, at::Device);
std::unique_ptr<Model> make_mistral(const Json&, at::ScalarType, at::Device);
std::unique_ptr<Model> make_mixtral(const Json&, at::ScalarType, at::Device);
std::unique_ptr<Model> make_qwen2(const Json&, at::ScalarType, at::Device);
std::unique_ptr<Model> make_qwen2_moe(const Json&, at::ScalarType, at::Device);
std::unique_ptr<Model> make_qwen3(const Json&, at::ScalarType, at::Device);
std::unique_ptr<Model> make_gemma2(const Json&, at::ScalarType, at::Device);
std::unique_ptr<Model> make_gemma3(const Json&, at::ScalarType, at::Device);
std::unique_ptr<Model> make_phi3(const Json&, at::ScalarType, at::Device);
std::unique_ptr<Model> make_internlm2(const Json&, at::ScalarType, at::Device);
std::unique_ptr<Model> make_deepseek_v2(const Json&, at::ScalarType, at::Device);

const std::vector<Family>& families() {
  static const std::vector<Family> list = {
      {"LlamaForCausalLM", make_llama},
      {"MistralForCausalLM", make_mistral},
      {"MixtralForCausalLM", make_mixtral},
      {"Qwen2ForCausalLM", make_qwen2},
      {"Qwen2MoeForCausalLM", make_qwen2_moe},
      {"Qwen3ForCausalLM", make_qwen3},
      {"Gemma2ForCausalLM", make_gemma2},
      {"Gemma3ForCausalLM", make_gemma3},
      {"Phi3ForCausalLM", make_phi3},
      {"InternLM2ForCausalLM", make_internlm2},
      {"DeepseekV2ForCausalLM", make_deepseek_v2},
  };
  return list;
}

}  // namespace amalgam
