// SPDX-License-Identifier: Apache-2.0
#ifndef TRANSFORMATIONS_H
#define TRANSFORMATIONS_H

#include <sandglass.h>

extern const sg_transformation pass, rebuild, take, filter, fan_out, totals, joined, parameters, context, speaks, empty;

#endif
