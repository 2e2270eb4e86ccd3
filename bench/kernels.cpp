// Speed of the operations of src/tensor/ops.h beside ATen's matrix product, at the shapes of a 33 M
// Llama (hidden 512, 8 heads, 4 key/value heads of 64, MLP 1536, vocabulary 8192) on about 8000
// tokens: quadruples of a prompt of 166 tokens and three responses of 306 in the mean.
//
//   bench_kernels [--cpu-time] [--fp32] [--fresh-memory] [NAME]
//
// NAME: only the operations whose name contains it. --fresh-memory: without keep_tensor_memory().
// --cpu-time: one thread on the processor's clock, for machines that are busy with something else.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <c10/core/InferenceMode.h>
#include <fmt/core.h>
#include <time.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/memory.h"
#include "tensor/ops.h"

namespace {

using namespace amalgam;

bool cpu_time = false;
std::string only;
double peak = 0;  // GFLOP/s of ATen's product

double now() {
  timespec time;
  clock_gettime(cpu_time ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double seconds(const std::function<void()>& work, int repeats = 5) {
  work();
  double best = 1e9;
  for (int i = 0; i < repeats; ++i) {
    const double start = now();
    work();
    best = std::min(best, now() - start);
  }
  return best;
}

void report(std::string_view name, double time, double flop, double bytes) {
  fmt::print("{:34} {:8.2f} ms {:8.1f} GFLOP/s {:5.1f} % {:7.1f} GB/s\n", name, time * 1e3,
             flop / time / 1e9, 100 * flop / time / 1e9 / peak, bytes / time / 1e9);
}

using Tensors = std::vector<at::Tensor>;

/// Times the forward alone and the backward; the backward does `ratio` times the arithmetic.
void measure(std::string_view name, const std::function<Tensors()>& forward, const Tensors& leaves,
             double flop, double ratio, double bytes) {
  if (name.find(only) == std::string_view::npos) return;
  report(fmt::format("{} forward", name), seconds([&] {
           const c10::InferenceMode guard;
           forward();
         }),
         flop, bytes);
  Tensors upstream;
  for (const at::Tensor& output : forward()) upstream.push_back(at::randn_like(output));
  double best = 1e9;
  for (int i = 0; i < 6; ++i) {
    const Tensors outputs = forward();
    const double start = now();
    torch::autograd::grad(outputs, leaves, upstream);
    best = std::min(best, now() - start);
  }
  report(fmt::format("{} backward", name), best, flop * ratio, bytes * 2);
}

std::vector<Segment> quadruples(int64_t tokens) {
  std::vector<Segment> segments;
  uint64_t state = 1;
  const auto length = [&](int64_t mean) {  // mean / 2 ... 3 mean / 2
    state = state * 6364136223846793005u + 1442695040888963407u;
    return mean / 2 + static_cast<int64_t>((state >> 33) % static_cast<uint64_t>(mean));
  };
  for (int64_t end = 0; end < tokens;) {
    const int64_t prompt = end;
    end += length(166);
    const int64_t prompt_end = end;
    segments.push_back({prompt, prompt_end, 0, 0});
    for (int i = 0; i < 3; ++i) {
      const int64_t begin = end;
      end += length(306);
      segments.push_back({begin, end, prompt, prompt_end});
    }
  }
  return segments;
}

void run(at::ScalarType type) {
  constexpr int64_t D = 512, F = 1536, H = 8, G = 4, d = 64, V = 8192;
  const std::vector<Segment> segments = quadruples(8000);
  const int64_t T = segments.back().end;
  const double tokens = static_cast<double>(T), size = type == at::kFloat ? 4 : 2;
  const auto random = [&](std::vector<int64_t> shape, double scale = 1) {
    return (at::randn(shape) * scale).to(type).requires_grad_(true);
  };
  {
    const c10::InferenceMode guard;
    const at::Tensor a = random({2048, 2048}), b = random({2048, 2048});
    const double time = seconds([&] { at::mm(a, b.t()); });
    peak = 2 * 2048.0 * 2048 * 2048 / time / 1e9;
    report("at::mm 2048 x 2048 x 2048", time, peak * time * 1e9, 0);
  }
  for (const auto& [name, in, out] : {std::tuple{"linear qkv", D, (H + 2 * G) * d},
                                      {"linear o", D, D},
                                      {"linear gate_up", D, 2 * F},
                                      {"linear down", F, D}}) {
    const at::Tensor x = random({T, in}), w = random({out, in}, 0.05);
    const Linear linear(w);
    const double flop = 2 * tokens * static_cast<double>(in * out);
    measure(
        name, [&] { return Tensors{linear(x)}; }, {x, w}, flop, 2,
        size * tokens * static_cast<double>(in + out));
    const double plain = seconds([&] {
      const c10::InferenceMode guard;
      at::mm(x, w.t());
    });
    report(fmt::format("  at::mm", name), plain, flop, 0);
  }
  {
    const at::Tensor x = random({T, D}), w = random({2 * F, D}, 0.05);
    const Linear linear(w);
    measure(
        "gated gate_up", [&] { return Tensors{linear.gated(x, Activation::kSilu)}; }, {x, w},
        4 * tokens * static_cast<double>(D * F), 2, size * tokens * static_cast<double>(D + 3 * F));
  }
  {
    const at::Tensor w = random({2 * F, D}, 0.05);
    for (const int64_t rows : {1, 4, 8, 64}) {
      const Linear linear(w);
      const at::Tensor x = random({rows, D});
      report(fmt::format("linear gate_up, {} rows", rows), seconds([&] {
                                                             const c10::InferenceMode guard;
                                                             for (int i = 0; i < 100; ++i)
                                                               linear(x);
                                                           }) / 100,
             2.0 * static_cast<double>(rows * D * 2 * F), size * D * 2 * F);
    }
  }
  {
    double pairs = 0;
    for (const Segment& segment : segments) {
      const double n = static_cast<double>(segment.length());
      pairs += n * (n + 1) / 2 + n * static_cast<double>(segment.prefix());
    }
    const at::Tensor q = random({T, H, d}), k = random({T, G, d}), v = random({T, G, d});
    for (const double cap : {0.0, 50.0})
      measure(
          cap > 0 ? "attention, capped" : "attention",
          [&] {
            return Tensors{segment_attention(q, k, v, segments, {.scale = 0.125, .softcap = cap})};
          },
          {q, k, v}, 4 * pairs * H * d, 2.5, size * tokens * (2 * H + 2 * G) * d);
  }
  {
    const at::Tensor x = random({T, D}), w = random({D});
    measure(
        "rms_norm", [&] { return Tensors{rms_norm(x, w, 1e-5)}; }, {x, w}, 0, 0,
        2 * size * tokens * D);
    const at::Tensor qkv = random({T, (H + 2 * G) * d});
    const at::Tensor angles = at::outer(at::arange(T, at::kFloat), at::rand({d / 2}));
    const at::Tensor cosine = angles.cos(), sine = angles.sin();
    measure(
        "split_rotary",
        [&] {
          const Heads heads = split_rotary(qkv, cosine, sine, H, G);
          return Tensors{heads.q, heads.k, heads.v};
        },
        {qkv}, 0, 0, 2 * size * tokens * (H + 2 * G) * d);
    const at::Tensor gate_up = random({T, 2 * F});
    measure(
        "gated_activation", [&] { return Tensors{gated_activation(gate_up, Activation::kSilu)}; },
        {gate_up}, 0, 0, 3 * size * tokens * F);
  }
  {
    const at::Tensor hidden = random({T, D}), w = random({V, D}, 0.05);
    const at::Tensor targets = at::randint(V, {T}, at::kLong);
    const Linear head(w);
    measure(
        "token_logprobs", [&] { return Tensors{token_logprobs(hidden, head, targets)}; },
        {hidden, w}, 2 * tokens * D * V, 2, 0);
  }
}

}  // namespace

int main(int argc, char** argv) {
  at::ScalarType type = at::kBFloat16;
  bool keep = true;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--cpu-time")
      cpu_time = true;
    else if (flag == "--fp32")
      type = at::kFloat;
    else if (flag == "--fresh-memory")
      keep = false;
    else
      only = flag;
  }
  if (keep) keep_tensor_memory();
  if (cpu_time) at::set_num_threads(1);
  fmt::print("{} threads\n", at::get_num_threads());
  run(type);
}
