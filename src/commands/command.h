// A subcommand: a struct of options (declared once by describe) and what to do with them. Add one
// as a file of its own and a line in commands.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"

namespace amalgam {

class Command {
 public:
  virtual ~Command() = default;
  /// Flags: the key `max_new_tokens` becomes `--max-new-tokens`. A key named in positional() is
  /// given by position instead.
  virtual void describe(Options& options) = 0;
  virtual std::vector<std::string> positional() const { return {}; }
  /// Keys a call must give.
  virtual std::vector<std::string> required() const { return {}; }
  /// Receives `--set key=value` assignments; a command without nested settings leaves it as it is.
  virtual bool accepts_set() const { return false; }
  std::vector<std::string> assignments;  // the --set values, filled before run

  /// Returns the exit status: 0, or 1 where rows failed but the output is whole.
  virtual int run() = 0;
};

struct CommandEntry {
  std::string_view name;
  std::string_view sentence;
  std::unique_ptr<Command> (*make)();
};

/// All subcommands, in the order of the help text.
const std::vector<CommandEntry>& commands();

}  // namespace amalgam
