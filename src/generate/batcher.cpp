#include "generate/batcher.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "core/batches.h"
#include "core/error.h"
#include "core/stopwatch.h"
#include "generate/cache_context.h"
#include "tensor/kernels/parallel.h"
#include "text/end_of_turn.h"

namespace amalgam {
namespace {

at::Tensor index_tensor(std::vector<int64_t>& values, at::Device device) {
  return at::from_blob(values.data(), {static_cast<int64_t>(values.size())}, at::kLong).to(device);
}

/// Row i of a matrix of fp32 on the CPU.
std::span<const float> row_of(const at::Tensor& matrix, size_t i) {
  const auto width = static_cast<size_t>(matrix.size(1));
  return {matrix.const_data_ptr<float>() + i * width, width};
}

std::optional<Token> end_of_turn_of(const std::vector<GenerateRequest>& requests,
                                    const Tokenizer& tokenizer) {
  const bool any = std::any_of(requests.begin(), requests.end(),
                               [](const GenerateRequest& request) { return request.chat; });
  return any ? end_of_turn(tokenizer) : std::nullopt;
}

}  // namespace

Batcher::Batcher(const Pretrained& model, const Tokenizer& tokenizer, const EngineConfig& config,
                 const std::vector<GenerateRequest>& requests, const SamplingConfig& sampling,
                 const Done& done, const TokenWatcher& watch)
    : model_(*model.model),
      tokenizer_(tokenizer),
      eos_ids_(model.eos_ids),
      end_of_turn_(end_of_turn_of(requests, tokenizer)),
      config_(config),
      requests_(requests),
      sampling_(sampling),
      done_(done),
      watch_(watch),
      cache_(cache_pages(), model_.shape().layers, model_.weights().dtype(),
             model_.weights().device()),
      samplers_(static_cast<size_t>(at::get_num_threads())) {}

int64_t Batcher::answer_limit(const GenerateRequest& request) const {
  const int64_t window = model_.shape().max_positions;
  const auto used = static_cast<int64_t>(request.prompt.size());
  const int64_t limit =
      request.max_new_tokens > 0 ? request.max_new_tokens : sampling_.max_new_tokens;
  return window > 0 ? std::min(limit, window - used) : limit;
}

int64_t Batcher::answer_pages(const GenerateRequest& request) const {
  const auto prompt = static_cast<int64_t>(request.prompt.size());
  const int64_t answer = answer_limit(request) - 1;  // the last token is never a key
  const bool parted = model_.length_class(prompt) != model_.length_class(prompt + answer);
  return pages_for(parted ? prompt + answer : answer);
}

int64_t Batcher::cache_pages() const {
  int64_t tokens = config_.cache_tokens;
  if (tokens == 0)
    tokens = available_memory(model_.weights().device()) / 4 /
             cache_bytes_per_token(model_.shape(), model_.weights().dtype());
  // No more than all requests together can use; enough for the largest alone.
  int64_t most = 1, all = 0;
  for (const GenerateRequest& request : requests_) {
    const int64_t prompt = pages_for(static_cast<int64_t>(request.prompt.size()));
    const int64_t answer = answer_pages(request);
    most = std::max(most, prompt + answer);
    all += prompt + answer * static_cast<int64_t>(request.seeds.size());
  }
  return std::max(most, std::min(tokens / kPageTokens, all));
}

GenerateStats Batcher::run() {
  while (next_ < requests_.size() || open_ || !rows_.empty()) {
    Stopwatch watch;
    admit();
    stats_.prefill_seconds += watch.lap();
    if (rows_.empty()) continue;
    decode();
    stats_.decode_seconds += watch.lap();
    ++stats_.decode_steps;
  }
  return stats_;
}

void Batcher::admit() {
  const size_t running = rows_.size();
  std::vector<Prompt*> fresh;
  while (admit_one(fresh)) {
  }
  prefill(fresh);
  draw(running,
       [&](size_t i) { return std::span<const float>(rows_[running + i]->prompt->logits); });
  for (size_t i = running; i < rows_.size(); ++i) {
    Prompt& prompt = *rows_[i]->prompt;
    if (prompt.started == prompt.request.seeds.size()) std::vector<float>().swap(prompt.logits);
  }
  retire();
}

bool Batcher::admit_one(std::vector<Prompt*>& fresh) {
  if (!open_) {
    if (next_ == requests_.size()) return false;
    const GenerateRequest& request = requests_[next_];
    if (request.seeds.empty()) {
      done_(next_++, {});
      return true;
    }
    const int64_t pages = pages_for(static_cast<int64_t>(request.prompt.size()));
    if (rows_.size() >= static_cast<size_t>(config_.batch) ||
        pages + answer_pages(request) > cache_.free_pages())
      return false;
    open_ = std::make_shared<Prompt>(
        Prompt{.index = next_++, .request = request, .pages = {}, .logits = {}, .samples = {}});
    cache_.reserve(open_->pages, pages);
    cache_.grow(open_->pages, std::ssize(request.prompt));
    open_->samples.resize(request.seeds.size());
    fresh.push_back(open_.get());
  }
  const GenerateRequest& request = open_->request;
  const int64_t pages = answer_pages(request);
  if (rows_.size() >= static_cast<size_t>(config_.batch) || pages > cache_.free_pages())
    return false;
  const size_t sample = open_->started++;
  auto row = std::make_unique<Row>(
      Row{.prompt = open_,
          .sample = sample,
          .random = RandomStream(request.seeds[sample]),
          .limit = answer_limit(request),
          .length_class = model_.length_class(static_cast<int64_t>(request.prompt.size())),
          .apart = false,
          .pages = {},
          .ids = {},
          .finish_reason = {},
          .stop = {},
          .seen = {},
          .is_seen = {}});
  cache_.reserve(row->pages, pages);
  if (!sampling_.stop.empty()) row->stop.emplace(tokenizer_, sampling_.stop);
  if (sampling_.repetition_penalty != 1) {
    row->is_seen.resize(static_cast<size_t>(model_.shape().vocab));
    for (const Token token : request.prompt) note_seen(*row, token);
  }
  rows_.push_back(std::move(row));
  if (open_->started == request.seeds.size()) open_.reset();
  return true;
}

at::Tensor Batcher::compute(std::span<const Sequence> sequences) {
  std::vector<int64_t> ids, positions, last;
  std::vector<Segment> segments;
  std::vector<Slot> slots;
  for (const Sequence& sequence : sequences) {
    const int64_t length = std::ssize(sequence.ids), begin = std::ssize(ids);
    ids.insert(ids.end(), sequence.ids.begin(), sequence.ids.end());
    for (int64_t t = 0; t < length; ++t) {
      positions.push_back(t);
      slots.push_back(slot_of(*sequence.pages, t));
    }
    segments.push_back({.begin = begin, .end = begin + length});
    last.push_back(begin + length - 1);
  }
  const at::Device device = model_.weights().device();
  PrefillContext context(cache_, segments, slots);
  const at::Tensor hidden =
      model_.forward(index_tensor(ids, device), index_tensor(positions, device), context,
                     index_tensor(last, device));
  return model_.logits(hidden).cpu().contiguous();
}

void Batcher::compute_all(std::span<const Sequence> sequences,
                          const std::function<void(size_t, std::span<const float>)>& take) {
  const auto tokens = [&](size_t i, size_t) { return std::ssize(sequences[i].ids); };
  for_each_batch(sequences.size(), config_.prefill_tokens, tokens, [&](size_t first, size_t end) {
    const at::Tensor logits = compute(sequences.subspan(first, end - first));
    for (size_t i = first; i < end; ++i) take(i, row_of(logits, i - first));
  });
}

void Batcher::prefill(std::span<Prompt* const> prompts) {
  std::vector<Sequence> sequences;
  for (const Prompt* prompt : prompts)
    sequences.push_back({prompt->request.prompt, &prompt->pages});
  for (const Sequence& sequence : sequences) stats_.prompt_tokens += std::ssize(sequence.ids);
  compute_all(sequences, [&](size_t i, std::span<const float> logits) {
    prompts[i]->logits.assign(logits.begin(), logits.end());
  });
}

void Batcher::decode() {
  std::vector<Row*> cached, moved;
  std::vector<Sequence> sequences;  // of those that moved
  for (const auto& row : rows_) {
    const std::vector<Token>& prompt = row->prompt->request.prompt;
    const int64_t all = std::ssize(prompt) + std::ssize(row->ids);
    const int64_t now = model_.length_class(all);
    row->apart = row->apart || now != row->length_class;
    cache_.grow(row->pages, row->apart ? all : std::ssize(row->ids));
    if (now == row->length_class) {
      cached.push_back(row.get());
      continue;
    }
    row->length_class = now;
    moved.push_back(row.get());
    Sequence& sequence = sequences.emplace_back(Sequence{prompt, &row->pages});
    sequence.ids.insert(sequence.ids.end(), row->ids.begin(), row->ids.end());
  }
  const at::Tensor logits = decode_cached(cached);
  std::map<const Row*, std::vector<float>> others;
  compute_all(sequences, [&](size_t i, std::span<const float> values) {
    others[moved[i]].assign(values.begin(), values.end());
  });
  std::vector<std::span<const float>> of_row;
  size_t next = 0;
  for (const auto& row : rows_) {
    const auto found = others.find(row.get());
    of_row.push_back(found != others.end() ? std::span<const float>(found->second)
                                           : row_of(logits, next++));
  }
  draw(0, [&](size_t i) { return of_row[i]; });
  retire();
}

at::Tensor Batcher::decode_cached(std::span<Row* const> rows) {
  if (rows.empty()) return {};
  std::vector<int64_t> ids, positions;
  std::vector<CachedRow> cached;
  for (const Row* row : rows) {
    const int64_t prompt = std::ssize(row->prompt->request.prompt), own = std::ssize(row->ids);
    cached.push_back({.prompt_pages = row->apart ? &row->pages : &row->prompt->pages,
                      .prompt_tokens = row->apart ? 0 : prompt,
                      .own_pages = &row->pages,
                      .own_tokens = row->apart ? prompt + own : own});
    ids.push_back(row->ids.back());
    positions.push_back(cached.back().tokens() - 1);
  }
  const at::Device device = model_.weights().device();
  DecodeContext context(cache_, cached, device);
  const at::Tensor hidden =
      model_.forward(index_tensor(ids, device), index_tensor(positions, device), context);
  return model_.logits(hidden).cpu().contiguous();  // (B, V)
}

void Batcher::draw(size_t first, const std::function<std::span<const float>(size_t)>& logits) {
  const auto count = static_cast<int64_t>(rows_.size() - first);
  kernels::for_each_item(count, [&](int64_t item) {
    const auto i = static_cast<size_t>(item);
    Sampler& sampler = samplers_[static_cast<size_t>(at::get_thread_num())];
    Row& row = *rows_[first + i];
    with_context("prompt " + row.prompt->request.id,
                 [&] { accept(row, sampler.draw(logits(i), row.seen, sampling_, row.random)); });
  });
}

void Batcher::accept(Row& row, Token token) const {
  const bool ends = std::find(eos_ids_.begin(), eos_ids_.end(), token) != eos_ids_.end() ||
                    (row.prompt->request.chat && token == end_of_turn_);
  if (ends && !sampling_.ignore_eos) {
    row.finish_reason = "stop";
    return;
  }
  row.ids.push_back(token);
  if (!row.is_seen.empty()) note_seen(row, token);
  if (row.stop && row.stop->hit(row.ids))
    row.finish_reason = "stop";
  else if (static_cast<int64_t>(row.ids.size()) == row.limit)
    row.finish_reason = "length";
}

void Batcher::note_seen(Row& row, Token token) const {
  const auto index = static_cast<size_t>(token);
  if (!row.is_seen[index]) row.seen.push_back(token);
  row.is_seen[index] = true;
}

void Batcher::retire() {
  for (const auto& row : rows_)
    if (watch_ && row->finish_reason.empty() && !watch_(row->prompt->index, row->sample, row->ids))
      row->finish_reason = "stopped";
  std::erase_if(rows_, [this](const std::unique_ptr<Row>& row) {
    if (row->finish_reason.empty()) return false;
    Prompt& prompt = *row->prompt;
    GeneratedSample& sample = prompt.samples[row->sample];
    sample.text = cut_at_stop(tokenizer_.decode(row->ids, true), sampling_.stop);
    sample.ids = std::move(row->ids);
    sample.finish_reason = std::move(row->finish_reason);
    sample.seed = prompt.request.seeds[row->sample];
    stats_.tokens += std::ssize(sample.ids);
    cache_.release(row->pages);
    if (++prompt.finished == prompt.samples.size()) {
      cache_.release(prompt.pages);
      done_(prompt.index, std::move(prompt.samples));
    }
    return true;
  });
}

}  // namespace amalgam
