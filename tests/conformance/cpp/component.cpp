// SPDX-License-Identifier: Apache-2.0
//
// What every guest SDK shows that it can do, in C++; `sandglass conformance` runs it.

#include "transformations.h"

SG_COMPONENT(&pass, &rebuild, &take, &filter, &fan_out, &totals, &joined, &parameters, &context, &speaks, &empty);
