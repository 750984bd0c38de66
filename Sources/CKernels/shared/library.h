// Unary functions that a mathematical library computes.
#ifndef SWL_LIBRARY_H
#define SWL_LIBRARY_H

#include "swl_elementwise.h"
#include "targets.h"

#include <math.h>

#ifndef SWL_POWER_OF_FLOATS
#define SWL_POWER_OF_FLOATS powf
#endif

SWL_INLINE float swl_library(enum swl_unary_function function, float alpha, float beta, float x) {
  switch (function) {
  case SWL_LOG: return logf(x);
  case SWL_ERF: return erff(x);
  case SWL_ELU: return x < 0.0f ? alpha * expm1f(x) : x;
  case SWL_SOFTPLUS: return (x > 0.0f ? x : 0.0f) + log1pf(expf(x > 0.0f ? -x : x));
  case SWL_POWER: return SWL_POWER_OF_FLOATS(x, alpha);
  case SWL_SINE: return sinf(x);
  case SWL_COSINE: return cosf(x);
  case SWL_TANGENT: return tanf(x);
  case SWL_ARCSINE: return asinf(x);
  case SWL_ARCCOSINE: return acosf(x);
  case SWL_ARCTANGENT: return atanf(x);
  case SWL_SINH: return sinhf(x);
  case SWL_COSH: return coshf(x);
  case SWL_ASINH: return asinhf(x);
  case SWL_ACOSH: return acoshf(x);
  case SWL_ATANH: return atanhf(x);
  case SWL_SELU: return beta * (x > 0.0f ? x : alpha * expm1f(x));
  case SWL_CELU: return x > 0.0f ? x : alpha * expm1f(x / alpha);
  default: return x;
  }
}

#endif
