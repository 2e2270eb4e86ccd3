// The page's style sheet: light and dark, phone to print. Colours of systems are classes that set
// --c; the hues are Okabe and Ito's (2008), which colour-blind readers can tell apart.
#pragma once

#include <string_view>

namespace amalgam {

extern const std::string_view kReportStyle;

/// How many colours there are for sources (classes source0, ...) and for stages (stage0, ...);
/// "target" and "fused" have classes of their own.
inline constexpr int kSourceColours = 6;
inline constexpr int kStageColours = 4;

}  // namespace amalgam
