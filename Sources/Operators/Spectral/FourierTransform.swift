import Glibc
import ModelGraph
import Tensors

/// A discrete Fourier transform of a stated length: `Y[k] = Σ x[j] × exp(∓2πi × jk ÷ length)`, the inverse divided by the length.
struct FourierTransform {
  /// Parts of an element: 1 real, 2 complex.
  var inputParts: Int
  /// Elements that enter; those up to the length count as 0.
  var inputCount: Int
  var length: Int
  var outputCount: Int
  var outputParts: Int
  var isInverse: Bool
  /// The input holds the first half of a spectrum whose other half is its mirror image; the result is real.
  var mirrorsInput: Bool

  /// - Parameter available: elements along the transformed axis.
  init(parts: Int, available: Int, length: Int, isInverse: Bool, isOneSided: Bool) throws(OperatorError) {
    guard 1...1 << 20 ~= length else {
      throw OperatorError(length < 1 ? .invalid : .unsupported, "transforms \(length) elements; 1 to 2^20 are supported")
    }
    mirrorsInput = isInverse && isOneSided
    guard parts == 1 || parts == 2, !mirrorsInput || parts == 2 else {
      throw OperatorError(.invalid, "the last axis has \(parts) parts: 1 is real, 2 is complex")
    }
    inputParts = parts
    inputCount = min(available, mirrorsInput ? length / 2 + 1 : length)
    self.length = length
    self.isInverse = isInverse
    outputCount = isOneSided && !isInverse ? length / 2 + 1 : length
    outputParts = mirrorsInput ? 1 : 2
  }

  /// Factors of cosine and sine by the angle's number, each angle `2π × number ÷ length`.
  private var circle: [(cosine: Double, sine: Double)] {
    (0..<length).map { number in
      let angle = 2 * Double.pi * Double(number) / Double(length)
      return (cos(angle), isInverse ? -sin(angle) : sin(angle))
    }
  }

  /// How often an input element counts: twice where its mirror image is left out.
  private func weight(_ element: Int) -> Double {
    let scale = isInverse ? 1 / Double(length) : 1
    return mirrorsInput && element > 0 && 2 * element != length ? 2 * scale : scale
  }

  /// What each part of input element `j` adds to each part of output element `k`.
  private func factors(_ j: Int, _ k: Int, _ circle: [(cosine: Double, sine: Double)]) -> [[Double]] {
    let (cosine, sine) = circle[j * k % length]
    let scale = weight(j)
    let all = [[cosine * scale, -sine * scale], [sine * scale, cosine * scale]]
    return all.prefix(inputParts).map { Array($0.prefix(outputParts)) }
  }

  /// The transform as a matrix `[inputCount × inputParts, outputCount × outputParts]`, each input element's rows times its weight in a window.
  func matrix(window: [Double]? = nil) throws(OperatorError) -> HostTensor {
    let (rows, columns) = (inputCount * inputParts, outputCount * outputParts)
    guard let count = [rows, columns].checkedElementCount, count <= 1 << 24 else {
      throw OperatorError(.unsupported, "would take a matrix of \(rows) × \(columns); at most 2^24 elements are supported")
    }
    let circle = circle
    var values = [Float](repeating: 0, count: count)
    for j in 0..<inputCount {
      for k in 0..<outputCount {
        for (from, row) in factors(j, k, circle).enumerated() {
          for (to, factor) in row.enumerated() {
            values[(j * inputParts + from) * columns + k * outputParts + to] = Float(factor * (window?[j] ?? 1))
          }
        }
      }
    }
    return HostTensor(values, dimensions: [rows, columns])
  }

  /// What transforming so many rows takes.
  func cost(rows: Int) -> EvaluationCost {
    EvaluationCost(
      stepsOf: [rows, inputCount * inputParts, outputCount * outputParts],
      byteCount: EvaluationCost(stepsOf: [rows, inputCount * inputParts + outputCount * outputParts, MemoryLayout<Double>.size]).steps)
  }

  /// Transforms rows of `inputCount × inputParts` numbers.
  func apply(to rows: [[Double]]) throws(OperatorError) -> [[Double]] {
    guard let steps = [rows.count, inputCount, outputCount].checkedElementCount, steps <= 1 << 32 else {
      throw OperatorError(.unsupported, "transforms \(rows.count) rows of \(inputCount) elements; at most 2^32 products are supported")
    }
    let circle = circle
    return rows.map { row in
      var result = [Double](repeating: 0, count: outputCount * outputParts)
      for k in 0..<outputCount {
        for j in 0..<inputCount {
          for (from, line) in factors(j, k, circle).enumerated() {
            for (to, factor) in line.enumerated() { result[k * outputParts + to] += row[j * inputParts + from] * factor }
          }
        }
      }
      return result
    }
  }
}
