// Everything in one translation unit.
#include "convolution_f32.cu"
#include "convolution_q8.cu"
#include "depthwise_q8.cu"
#include "elementwise.cu"
#include "movement.cu"
#include "pooling.cu"
#include "reduction.cu"
