/// How calibration chooses the range of values that 8 bits stand for.
public enum CalibrationMethod: String, CaseIterable, Sendable {
  /// From the least to the greatest element seen.
  case minMax = "min-max"
  /// The range that leaves out one element in ten thousand: half of them at either end, where there are any.
  case percentile
  /// The range whose 8-bit form tells least from the distribution that was seen, by Kullback-Leibler divergence (Migacz, "8-bit
  /// inference with TensorRT", 2017).
  case entropy
  /// The range whose rounding and saturation together err least, measured behind the function that follows; values whose channels
  /// differ too much for one scale stay float.
  case meanSquaredError = "mean-squared-error"
}
