// Parquet files as JSON rows, over Arrow.
#pragma once

#include "data/rows.h"

namespace amalgam {

/// Calls visit(row, "FILE:row N") for each row, from 1. Nulls are left out of objects; what JSON
/// cannot say (dates, decimals) becomes text.
void for_each_parquet_row(
    const fs::path& path,
    const std::function<void(const Json& row, const std::string& where)>& visit);

/// Writes rows with a schema inferred from all of them. `source` is run twice and must yield the
/// same rows. A key whose values are of different types is a usage error. Returns the number of
/// rows.
int64_t write_parquet(const fs::path& path, const RowSource& source);

}  // namespace amalgam
